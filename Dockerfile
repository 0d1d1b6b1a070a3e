FROM node:26.10.0-trixie-slim AS dependencies
WORKDIR /service
COPY package.json package-lock.json ./
COPY web/package.json ./web/
# Optional is the embedded PostgreSQL alone: a container is told its database by DATABASE_URL. The
# workspaces hold tools alone.
RUN npm ci --omit=dev --omit=optional --workspaces=false

FROM node:26.10.0-trixie-slim AS console
WORKDIR /service
COPY package.json package-lock.json ./
COPY web/package.json ./web/
RUN npm ci --workspace=web --include-workspace-root=false
COPY web ./web
RUN node web/build.ts --always

FROM node:26.10.0-trixie-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 UV_THREADPOOL_SIZE=16
WORKDIR /service
COPY --from=dependencies /service/node_modules ./node_modules
COPY --from=console /service/web/dist ./web/dist
COPY package.json package-lock.json ./
COPY migrations ./migrations
COPY src ./src
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# A young generation of that many MiB lets nearly all that a call leaves behind die young.
# Node itself gets the signal, so that what is under way is finished before the end.
CMD ["node", "--max-semi-space-size=32", "src/main.ts"]
