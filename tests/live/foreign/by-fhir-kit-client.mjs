// fhir-kit-client reads, searches and pages; prints what it found as JSON. Run with base and token.
import { Client } from "fhir-kit-client";

const [baseUrl, token] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken: token });

async function all(resourceType, searchParams) {
  const found = [];
  let page = await client.search({ resourceType, searchParams });
  while (page) {
    found.push(...page.entry.map((each) => each.resource));
    page = await client.nextPage({ bundle: page });
  }
  return found;
}

const patients = await all("Patient", {});
const observations = await all("Observation", { category: "survey", _count: "40" });
const read = await client.read({ resourceType: "Observation", id: observations[0].id });
process.stdout.write(
  JSON.stringify({
    patients: patients.map((each) => each.id).sort(),
    observations: observations.map((each) => each.id),
    read,
  }),
);
