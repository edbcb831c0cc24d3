// Two form fillers on one page. Each takes a Questionnaire and then, response by response, says what its calculated
// items come to: {linkId: number or text}, an item without an answer left out. Answers to calculated items are not given in.
"use strict";

const CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression";

const engines = {
  // The FHIRPath of each item, as it stands, over the response.
  fhirpath(questionnaire) {
    const items = questionnaire.item.filter(isCalculated).map((item) => {
      const { valueExpression } = item.extension.find(({ url }) => url === CALCULATED);
      return [item.linkId, fhirpath.compile(valueExpression.expression, model)];
    });
    return (response) => {
      const computed = items.map(([linkId, evaluate]) => [linkId, evaluate(response, { resource: response })]);
      const given = computed.filter(([, values]) => values.length);
      return Object.fromEntries(given.map(([linkId, values]) => [linkId, one(values)]));
    };
  },

  // The form that a person would see, without the page around it. What depends on the Questionnaire alone is made once.
  lforms(questionnaire) {
    const definition = LForms.Util.convertFHIRQuestionnaireToLForms(questionnaire, "R4");
    const compiled = {};
    return async (response) => {
      const form = new LForms.LFormsData(answered(structuredClone(definition), response));
      form._hasResponsiveExpr = false; // nobody will change an answer, so it need not calculate again
      form._fhirVariables.questionnaire = questionnaire;
      form._expressionProcessor._compiledExpressions = compiled;
      await form.loadFHIRResources(false);
      await form._expressionProcessor.runCalculations(true);
      return calculated(questionnaire, LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4", form));
    };
  },

  // The form that a person sees: drawn, ready, and read back from the page. Slow.
  drawn(questionnaire) {
    const fill = engines.filled(questionnaire);
    return async (response) => calculated(questionnaire, await fill(response));
  },

  // What that form makes of the answers as a whole: the response that it would send.
  filled(questionnaire) {
    const definition = LForms.Util.convertFHIRQuestionnaireToLForms(questionnaire, "R4");
    return async (response) => {
      // A form may look up what was said before: the app around it knows a record system, where it is the same.
      const before = { resourceType: "Bundle", type: "searchset", entry: [{ resource: response }] };
      const known = { patient: { resourceType: "Patient", id: "somebody" } };
      LForms.Util.setFHIRContext({ request: async () => before, getFhirVersion: async () => "4.0.1" }, known);
      await LForms.Util.addFormToPage(answered(structuredClone(definition), response), "form", {});
      return LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4");
    };
  },
};

// What an engine computes for every response, in their order.
async function compute(engine, questionnaire, responses) {
  const score = engines[engine](questionnaire);
  const scores = [];
  for (const response of responses) scores.push(await score(response));
  return scores;
}

function isCalculated(item) {
  return (item.extension ?? []).some(({ url }) => url === CALCULATED);
}

function answered(definition, response) {
  const form = LForms.Util.mergeFHIRDataIntoLForms(response, definition, "R4");
  form.hasSavedData = false; // else a score that is not in the response counts as emptied by a person
  return form;
}

function calculated(questionnaire, response) {
  const linkIds = questionnaire.item.filter(isCalculated).map((item) => item.linkId);
  const items = (response.item ?? []).filter((item) => linkIds.includes(item.linkId));
  return Object.fromEntries(items.map((item) => [item.linkId, scored(one(item.answer))]));
}

function scored(answer) {
  return answer.valueDecimal ?? answer.valueString;
}

function one(values) {
  if (values.length !== 1) throw new Error(`one value expected, found ${values.length}`);
  return values[0];
}

// fhirpath's model of R4 comes as CommonJS alone: `files` holds its texts by their paths.
function requireFrom(files, folder) {
  return (name) => {
    const path = new URL(name, `file:///${folder}/`).pathname.slice(1);
    const found = [path, `${path}.js`].find((candidate) => candidate in files);
    if (found.endsWith(".json")) return JSON.parse(files[found]);
    const module = { exports: {} };
    new Function("require", "module", files[found])(requireFrom(files, found.replace(/\/[^/]*$/, "")), module);
    return module.exports;
  };
}

async function loadFhirpath(bundle, files) {
  globalThis.fhirpath = (await import(bundle)).default;
  globalThis.model = requireFrom(files, "fhir-context/r4")("./index.js");
}
