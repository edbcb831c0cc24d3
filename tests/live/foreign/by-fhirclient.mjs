// SMART's JavaScript client reads, searches and pages; prints what it found as JSON.
// Run with base and token.
import { createRequire } from "node:module";

const FHIR = createRequire(import.meta.url)("fhirclient");
const [serverUrl, token] = process.argv.slice(2);
const storage = { get: async () => null, set: async () => {}, unset: async () => {} };
const request = { headers: {}, url: "/" };
const client = FHIR(request, {}, storage).client({
  serverUrl,
  tokenResponse: { access_token: token, token_type: "bearer" },
});

const all = (url) => client.request(url, { pageLimit: 0, flat: true });
const patients = await all("Patient");
const observations = await all("Observation?category=survey&_count=40");
const read = await client.request(`Observation/${observations[0].id}`);
process.stdout.write(
  JSON.stringify({
    patients: patients.map((each) => each.id).sort(),
    observations: observations.map((each) => each.id),
    read,
  }),
);
