// The front page: each button sends one request and shows the answer. All text is set as text, never as HTML.
"use strict";

const api = "/api/v1";
const byId = (id) => document.getElementById(id);
let token = null;
let ended = null;
let last = null;
let removed = null;

async function send(method, path, { body, headers = {}, as = token, quiet = false } = {}) {
  const all = { ...headers };
  if (as) all.authorization = `Bearer ${as}`;
  if (body !== undefined && !("content-type" in all)) all["content-type"] = "application/json";
  const payload = body === undefined || typeof body === "string" ? body : JSON.stringify(body);

  const started = performance.now();
  let answer;
  try {
    const response = await fetch(path, { method, headers: all, body: payload });
    answer = { status: response.status, reason: response.statusText, headers: [...response.headers], text: "" };
    try {
      answer.text = await response.text();
    } catch {
      answer.text = "(the stream was cut before its end)";
      answer.cut = true;
    }
  } catch (error) {
    answer = { status: 0, reason: `no answer: ${error.message}`, headers: [], text: "" };
  }
  answer.milliseconds = Math.round(performance.now() - started);
  try {
    answer.json = JSON.parse(answer.text);
  } catch {
    answer.json = null;
  }
  if (!quiet) show(method, path, answer);
  return answer;
}

function show(method, path, answer) {
  byId("request").textContent = `${method} ${path}`;
  const status = byId("status");
  status.textContent = `${answer.status || ""} ${answer.reason} (${answer.milliseconds} ms)`;
  status.dataset.kind = answer.status >= 200 && answer.status < 400 && !answer.cut ? "good" : "bad";
  byId("headers").textContent = answer.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  byId("content").textContent = answer.json ? JSON.stringify(answer.json, null, 2) : answer.text;
}

function tell(text) {
  byId("request").textContent = text;
  byId("status").textContent = "";
  byId("headers").textContent = "";
  byId("content").textContent = "";
}

const credentials = (role) => ({ email: `${role}@example.com`, password: `${role}-password` });

function take(answer) {
  if (answer.status !== 200) return;
  token = answer.json.token;
  byId("session").textContent = `Signed in as ${answer.json.user.name} (${answer.json.user.role})`;
}

async function signIn(role) {
  take(await send("POST", `${api}/auth/login`, { body: credentials(role), as: null }));
}

// The token is put aside, so that a button can show that it is refused from now on; other requests go without.
async function end(path) {
  const answer = await send("POST", `${api}/auth/${path}`);
  if (answer.status !== 204) return;
  ended = token;
  token = null;
  byId("session").textContent = "Logged out";
}

async function withLast(action) {
  if (last) await action(last);
  else tell("Sign in and create a post first.");
}

const written = () => ({
  title: byId("title").value,
  body: byId("body").value,
  tags: byId("tags").value.split(",").map((tag) => tag.trim()).filter((tag) => tag),
});

const path = (post) => `${api}/posts/${post.id}`;

const runs = {
  refresh: async () => take(await send("POST", `${api}/auth/refresh`, { body: {}, as: null })),
  logout: () => end("logout"),
  everywhere: () => end("logout-all"),
  async ended() {
    if (ended) await send("GET", `${api}/auth/me`, { as: ended });
    else tell("Sign in and log out first.");
  },
  async comments() {
    const posts = await send("GET", `${api}/posts?size=1`, { quiet: true });
    const newest = posts.json?.items?.[0];
    if (newest) await send("GET", `${path(newest)}/comments`);
    else show("GET", `${api}/posts?size=1`, posts);
  },
  edit: () => withLast(async (post) => {
    const answer = await send("PATCH", path(post), {
      body: written(),
      headers: { "if-match": `"${post.version}"` },
    });
    if (answer.status === 200) last = answer.json;
  }),
  stale: () => withLast((post) => send("PATCH", path(post), { body: { body: "late" }, headers: { "if-match": '"0"' } })),
  remove: () => withLast(async (post) => {
    const answer = await send("DELETE", path(post));
    if (answer.status === 204) [last, removed] = [null, post];
  }),
  async restore() {
    if (!removed) return tell("Create a post and delete it first.");
    const answer = await send("POST", `${path(removed)}/restore`);
    if (answer.status === 204) [last, removed] = [removed, null];
  },
  async draft() {
    const body = { title: "A draft", body: "Not yet.", published: false };
    const draft = await send("POST", `${api}/posts`, { body, quiet: true });
    if (draft.status !== 201) return show("POST", `${api}/posts`, draft);
    const mine = await send("GET", path(draft.json), { quiet: true });
    const theirs = await send("GET", path(draft.json), { as: null });
    byId("request").textContent += `: ${mine.status} for its author, ${theirs.status} for everybody else`;
  },
  bulk: () =>
    send("POST", `${api}/posts/import`, { body: [{ title: "Good", body: "x" }, { title: "", body: "x" }] }),
  "wrong-password": () =>
    send("POST", `${api}/auth/login`, { body: { email: "admin@example.com", password: "guess" }, as: null }),
  "bad-token": () => send("GET", `${api}/auth/me`, { as: "not.a.token" }),
  async forbidden() {
    const reader = await send("POST", `${api}/auth/login`, { body: credentials("reader"), as: null, quiet: true });
    if (reader.status !== 200) return show("POST", `${api}/auth/login`, reader);
    await send("GET", `${api}/admin/stats`, { as: reader.json.token });
  },
  method: () => send("DELETE", `${api}/posts`),
  media: () => send("POST", `${api}/auth/login`, { body: "hello", headers: { "content-type": "text/plain" } }),
  "too-large": () => send("POST", `${api}/auth/register`, { body: JSON.stringify({ name: "x".repeat(1100000) }) }),
  invalid: () => send("POST", `${api}/auth/register`, { body: { email: "nobody", name: "", password: "short" } }),
  async limit() {
    for (let count = 1; count <= 1000; count += 1) {
      const answer = await send("GET", `${api}/posts?size=1`, { quiet: true });
      if (answer.status !== 200) {
        show("GET", `${api}/posts?size=1`, answer);
        byId("request").textContent += `, refused at request ${count} of this series`;
        return;
      }
      if (count % 10 === 0) tell(`${count} requests admitted`);
    }
    tell("1000 requests admitted: the limit of this stage is higher.");
  },
};

async function press(button, action) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await action();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { login, get, post, run } = button.dataset;
  if (login) press(button, () => signIn(login));
  else if (get) press(button, () => send("GET", get));
  else if (post) press(button, () => send("POST", post));
  else if (run) press(button, () => runs[run]());
});

byId("post-form").addEventListener("submit", (event) => {
  event.preventDefault();
  press(event.submitter ?? event.target.querySelector("button"), async () => {
    const answer = await send("POST", `${api}/posts`, { body: written() });
    if (answer.status === 201) last = answer.json;
  });
});
