// Express with the packages that its guides name.

import { createSecretKey, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'

import cors from 'cors'
import express from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import jwt from 'jsonwebtoken'
import morgan from 'morgan'

import * as contract from './contract.js'

// jsonwebtoken takes a text for a public key before it takes it for a secret, anew at each request: that alone costs more than all else.
const secret = createSecretKey(Buffer.from(contract.secret))

const refuse = (response, status, title) =>
  response.status(status).type('application/problem+json').send(contract.problem(status, title))

const verify = (request, response, next) => {
  const [scheme, token] = (request.get('authorization') ?? '').split(' ')
  if (scheme === 'Bearer' && token) {
    try {
      request.user = jwt.verify(token, secret, {
        algorithms: ['HS256'],
        issuer: contract.issuer,
        audience: contract.audience
      })
      return next()
    } catch {
      // Whatever is wrong with it, the client is told the same.
    }
  }
  response.set('www-authenticate', 'Bearer')
  return refuse(response, 401, 'Unauthorized')
}

const editorsOnly = (request, response, next) =>
  request.user.roles?.includes(contract.role) ? next() : refuse(response, 403, 'Forbidden')

const app = express()

app.use((request, response, next) => {
  request.id = randomUUID()
  response.set('x-request-id', request.id)
  next()
})
if (contract.settings.log) {
  app.use(morgan('combined', { stream: createWriteStream(contract.settings.log, { flags: 'a' }) }))
}
app.use(helmet())
app.use(cors(contract.cors))
app.use(rateLimit({
  windowMs: contract.hour,
  limit: contract.settings.quota,
  standardHeaders: 'draft-7',
  legacyHeaders: false
}))
app.use(verify)
app.use(editorsOnly)
app.get('/posts', (request, response) => response.json(contract.list()))
app.get('/posts/:id', (request, response) => response.json(contract.sample(Number(request.params.id))))
app.use((request, response) => refuse(response, 404, 'Not Found'))
// Express knows by the number of parameters that this one is for errors.
app.use((error, request, response, next) => refuse(response, 500, 'Internal Server Error'))

const server = app.listen(contract.settings.port, '127.0.0.1')
server.keepAliveTimeout = contract.keepAlive
