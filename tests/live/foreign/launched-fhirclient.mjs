// SMART's JavaScript client as the server of an application: it is launched at /launch, comes back at
// /app, and answers there with what it found as JSON. Run with port and the client's id.
import http from "node:http";
import { createRequire } from "node:module";

const smart = createRequire(import.meta.url)("fhirclient");
const [port, clientId] = process.argv.slice(2);
const kept = new Map();
const storage = {
  get: async (key) => kept.get(key),
  set: async (key, value) => (kept.set(key, value), value),
  unset: async (key) => kept.delete(key),
};

async function answer(request, response) {
  const app = smart(request, response, storage);
  if (request.url.startsWith("/launch")) {
    const scope = "launch patient/Patient.r patient/Observation.rs";
    await app.authorize({ clientId, scope, redirectUri: `http://127.0.0.1:${port}/app`, pkceMode: "required" });
    return;
  }
  const client = await app.ready();
  const patient = await client.patient.read();
  const found = await client.request(`Observation?patient=${client.patient.id}&category=survey&_count=40`, {
    pageLimit: 0,
    flat: true,
  });
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ patient: patient.id, observations: found.map((each) => each.id).sort() }));
}

const server = http.createServer((request, response) =>
  answer(request, response).catch((wrong) => {
    response.statusCode = 500;
    response.end(String(wrong.stack));
  }),
);
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
