// Package httpapi is the door of the shop: everything between the socket and
// a module's handler, and everything that is said about it in OpenAPI.
//
// Owns: routes and their permissions ([Router], [Needs], [Public]), strict JSON,
// problems (RFC 9457), transactions of writes, idempotency keys, ETags and
// preconditions, cursors, rate limits, what stands in the audit trail, security headers, CORS, event streams,
// files that are sent and shown ([ReadUpload], [SpoolUpload], [Pictures]), the documents /openapi.json, /docs, /postman.json and /llms.txt, the server.
// Tables: idempotency_keys.
// Raises: the refusals of the edge, all declared in problem.go.
// Calls: postgres, redis, blob, auth, errs.
//
// A module registers its handlers and never sees Huma, which reads their inputs
// and describes them:
//
//	func (o *Orders) Routes(r *httpapi.Router) {
//		httpapi.Get(r, "/api/v1/admin/orders/{id}", o.show, httpapi.Needs(CanRead))
//		httpapi.Post(r, "/api/v1/admin/orders/{id}/refunds", o.refund, httpapi.Needs(CanRefund), httpapi.RequireIdempotencyKey())
//	}
//
//	type refundInput struct {
//		ID   id.Order `path:"id"`
//		Body struct {
//			Reason string `json:"reason" maxLength:"500"`
//		}
//	}
//
//	func (o *Orders) refund(ctx context.Context, tx pgx.Tx, in *refundInput) (Refund, error)
//
// A read ([Get]) gets no transaction. A write ([Post], [Put], [Patch], [Delete])
// is given one: the router opens it, runs the handler, stores the answer under
// the caller's Idempotency-Key and commits, all or nothing. The handler may be
// run again after a deadlock, so it does database work only. What must not hold
// a transaction (hashing a password, calling a provider) is an [Action].
//
// What a handler returns is the JSON body itself. It may say more by methods:
// ETag() string sets the ETag, HTTPStatus() int the status.
package httpapi
