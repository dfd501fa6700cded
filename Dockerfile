# One image for every process of AURA; the command names it: api, worker, rail-worker, sandbox-network, and the jobs
# migrate, keygen, sandbox-join.

FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY sdk/package.json sdk/
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22-slim
# glibc would keep a pool of freed memory for each of eight threads a core.
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# Volumes take their owner from these folders. Nothing else is ever written.
RUN mkdir -p /keys/aura /keys/operator /keys/rtp /keys/fednow /keys/stablecoin /keys/card /keys/ach /keys/x402 \
  /keys/data /keys/payload /keys/public /data/sandbox \
    && chown -R node:node /keys /data
USER node
WORKDIR /app/dist/bin
EXPOSE 8080
# For the API, which is what runs by default; docker-compose.yml names the check of each other process.
HEALTHCHECK --interval=15s --timeout=6s --start-period=20s --retries=4 CMD ["node", "healthcheck", "api"]
ENTRYPOINT ["node"]
CMD ["api"]
