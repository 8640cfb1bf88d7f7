# What a browser is served: the pages' assets, built with npm.
FROM node:22-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
COPY internal/demo/market.json /src/internal/demo/
RUN npm run build

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist web/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /souk ./cmd/souk

# Debian, because a shop without DATABASE_URL runs Debian's PostgreSQL as its own.
FROM debian:bookworm-slim
RUN mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
    && apt-get update && apt-get install -y --no-install-recommends ca-certificates postgresql && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/souk souk
COPY --from=build /souk /usr/local/bin/souk
USER souk
WORKDIR /var/lib/souk
ENV SOUK_DATA_DIR=/var/lib/souk SOUK_LISTEN=0.0.0.0:8080
VOLUME /var/lib/souk
EXPOSE 8080
ENTRYPOINT ["souk"]
CMD ["serve"]
