package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 is a bucket of anything that speaks S3.
type S3 struct {
	client *minio.Client
	bucket string
}

// Bucket says where one is and who may write to it.
type Bucket struct {
	Endpoint, Name, Region string
	AccessKey, SecretKey   string // both empty: from the environment or the machine's role
	Insecure               bool   // plain http
}

// OpenS3 makes a client; [S3.Ready] says whether the bucket answers.
func OpenS3(b Bucket) (*S3, error) {
	keys := credentials.NewStaticV4(b.AccessKey, b.SecretKey, "")
	if b.AccessKey == "" {
		keys = credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.IAM{}})
	}
	client, err := minio.New(b.Endpoint, &minio.Options{
		Creds: keys, Region: b.Region, Secure: !b.Insecure,
		MaxRetries: 3, // the default of 10 keeps a request for minutes
	})
	if err != nil {
		return nil, fmt.Errorf("open bucket %s at %s: %w", b.Name, b.Endpoint, err)
	}
	return &S3{client, b.Name}, nil
}

// Put keeps a file, in one request.
func (s *S3) Put(ctx context.Context, key, contentType string, r io.Reader, size int64) error {
	if err := checkPut(key, contentType, size); err != nil {
		return err
	}
	_, err := s.client.PutObject(ctx, s.bucket, key, &exact{r, size}, size, minio.PutObjectOptions{
		ContentType: TypeOf(key), DisableMultipart: true,
	})
	if err != nil {
		return fmt.Errorf("keep %s: %w", key, err)
	}
	return nil
}

// Open opens a file; it is read as it is needed.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error) {
	if err := check(key); err != nil {
		return nil, Info{}, err
	}
	object, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, Info{}, s.explain("open", key, err)
	}
	info, err := object.Stat()
	if err != nil {
		return nil, Info{}, errors.Join(s.explain("open", key, err), object.Close())
	}
	return object, Info{info.Size, TypeOf(key), info.LastModified.UTC()}, nil
}

// Delete removes a file.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := check(key); err != nil {
		return err
	}
	err := s.explain("delete", key, s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Exists looks for a file.
func (s *S3) Exists(ctx context.Context, key string) (bool, error) {
	if err := check(key); err != nil {
		return false, err
	}
	_, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err := s.explain("look for", key, err); errors.Is(err, ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, nil
}

// Ready looks whether the bucket is there and ours.
func (s *S3) Ready(ctx context.Context) error {
	exists, err := s.client.BucketExists(ctx, s.bucket)
	switch {
	case err != nil:
		return fmt.Errorf("reach bucket %s: %w", s.bucket, err)
	case !exists:
		return fmt.Errorf("reach bucket %s: there is no such bucket", s.bucket)
	}
	return nil
}

func (s *S3) explain(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	answer := minio.ToErrorResponse(err)
	if answer.StatusCode == http.StatusNotFound && answer.Code != "NoSuchBucket" {
		return fmt.Errorf("%s %s: %w", verb, key, ErrNotFound)
	}
	return fmt.Errorf("%s %s: %w", verb, key, err)
}
