/** A bare Koa route that answers with the bytes of a file: what an API on this machine can reach at best. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import Koa from 'koa';
import rawBody from 'raw-body';

const [, , method = '', path = '', file = ''] = process.argv;
const bytes = readFileSync(file, 'utf8');
const app = new Koa();
const router = new Router();
router.register(path, [method], async (ctx) => {
  await rawBody(ctx.req);
  ctx.type = 'application/json; charset=utf-8';
  ctx.body = bytes;
});
app.use(router.routes());
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().once('end', () => process.exit());
