// Fastify with its own plugins and its own log.

import { randomUUID } from 'node:crypto'

import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import Fastify from 'fastify'

import * as contract from './contract.js'

const refuse = (reply, status, title) =>
  reply.code(status).type('application/problem+json').send(contract.problem(status, title))

const verify = async (request, reply) => {
  try {
    await request.jwtVerify()
  } catch {
    return refuse(reply.header('www-authenticate', 'Bearer'), 401, 'Unauthorized')
  }
}

const editorsOnly = async (request, reply) => {
  if (!request.user.roles?.includes(contract.role)) {
    return refuse(reply, 403, 'Forbidden')
  }
}

const app = Fastify({
  logger: contract.settings.log ? { file: contract.settings.log } : false,
  genReqId: () => randomUUID(),
  keepAliveTimeout: contract.keepAlive
})

app.addHook('onRequest', async (request, reply) => {
  reply.header('x-request-id', request.id)
})
await app.register(helmet)
await app.register(cors, contract.cors)
await app.register(rateLimit, { max: contract.settings.quota, timeWindow: contract.hour })
await app.register(jwt, {
  secret: contract.secret,
  verify: { algorithms: ['HS256'], allowedIss: contract.issuer, allowedAud: contract.audience }
})
// The limiter hooks itself into `onRequest` of each route, after whatever is there: tokens come later than that.
const gate = { preValidation: verify, preHandler: editorsOnly }
app.get('/posts', gate, async () => contract.list())
app.get('/posts/:id', gate, async (request) => contract.sample(Number(request.params.id)))
app.setNotFoundHandler((request, reply) => refuse(reply, 404, 'Not Found'))
app.setErrorHandler((error, request, reply) => {
  // The limiter refuses by an error.
  const status = error.statusCode === 429 ? 429 : 500
  return refuse(reply, status, status === 429 ? 'Too Many Requests' : 'Internal Server Error')
})

await app.listen({ port: contract.settings.port, host: '127.0.0.1' })
