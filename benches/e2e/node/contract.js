// What `contract/src/lib.rs` says, for the servers of Node.

export const issuer = 'https://id.example.com'
export const audience = 'shop'
export const secret = "an example's key: never use this"
export const role = 'editor'
export const hour = 3_600_000

export const cors = {
  origin: ['https://app.example.com'],
  credentials: true,
  methods: ['GET', 'PUT'],
  allowedHeaders: ['authorization', 'content-type'],
  maxAge: 3600
}

/** As long as the other servers keep connections. */
export const keepAlive = 75_000

export const settings = {
  port: Number(process.env.E2E_PORT),
  /** A file for one record a request; without it there is no log. */
  log: process.env.E2E_LOG,
  quota: Number(process.env.E2E_QUOTA ?? 1_000_000_000)
}

export const sample = (id) => ({
  id,
  title: 'What a gate costs',
  author: 'Ada',
  tags: ['http', 'rust', 'tower'],
  likes: 42,
  draft: false,
  body: 'The same route behind the same nine jobs, asked over loopback.'
})

export const list = () => Array.from({ length: 50 }, (_, index) => sample(index + 1))

export const problem = (status, title) => JSON.stringify({ title, status })
