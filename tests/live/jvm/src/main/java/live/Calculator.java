package live;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.fhirpath.IFhirPath;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.hl7.fhir.instance.model.api.IBase;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.instance.model.api.IPrimitiveType;
import org.hl7.fhir.r4.model.Expression;
import org.hl7.fhir.r4.model.Questionnaire;

/**
 * Computes the calculated items of Questionnaires with HAPI's FHIRPath: one JSON resource per line in, one JSON line
 * per line out.
 *
 * <p>A line is a Questionnaire, which every later line answers, or a QuestionnaireResponse. The answer is what each
 * calculated item comes to, by link id, items that come to nothing left out; nothing at all for a Questionnaire. What
 * fails ends the program. Prints {@code READY} first and ends with its standard input.
 */
public final class Calculator {

  private static final String CALCULATED =
      "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final FhirContext fhirContext = FhirContext.forR4();
  private final IFhirPath fhirPath = fhirContext.newFhirPath();
  private final Map<String, IFhirPath.IParsedExpression> items = new LinkedHashMap<>();

  private Calculator() {}

  /** Answers every line of standard input. */
  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err); // no library may speak on the channel of the protocol
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Calculator calculator = new Calculator();

    answers.println("READY");
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      IBaseResource resource = calculator.fhirContext.newJsonParser().parseResource(line);
      if (resource instanceof Questionnaire questionnaire) {
        calculator.define(questionnaire);
        answers.println("{}");
      } else {
        answers.println(JSON.writeValueAsString(calculator.compute(resource)));
      }
    }
    System.exit(0);
  }

  private void define(Questionnaire questionnaire) throws Exception {
    items.clear();
    for (Questionnaire.QuestionnaireItemComponent item : questionnaire.getItem()) {
      if (item.hasExtension(CALCULATED)) {
        Expression expression = (Expression) item.getExtensionByUrl(CALCULATED).getValue();
        items.put(item.getLinkId(), fhirPath.parse(expression.getExpression()));
      }
    }
  }

  private Map<String, Object> compute(IBaseResource response) {
    Map<String, Object> computed = new LinkedHashMap<>();
    items.forEach(
        (linkId, expression) -> {
          List<IBase> values = fhirPath.evaluate(response, expression, IBase.class);
          if (values.size() > 1) {
            throw new IllegalStateException(linkId + " came to " + values.size() + " values");
          }
          for (IBase value : values) {
            String text = Objects.requireNonNull(((IPrimitiveType<?>) value).getValueAsString());
            computed.put(linkId, "string".equals(value.fhirType()) ? text : new BigDecimal(text));
          }
        });
    return computed;
  }
}
