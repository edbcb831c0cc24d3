package live;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;

/**
 * A validator for R4 that works without a network: one JSON document per line in, one JSON line per line out.
 *
 * <p>A line is either a resource to judge, or {@code {"define": <resource>}}, which makes a Questionnaire, CodeSystem,
 * ValueSet or StructureDefinition known to every later line. The answer is a list of
 * {@code {"severity", "location", "message", "id"}}: all that was found, in the order of the lines that came in; for a
 * definition it is empty, or says why it could not be read. Prints {@code READY} first and ends with its standard input.
 */
public final class Validator {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final FhirContext fhirContext = FhirContext.forR4();
  private final OwnDefinitions definitions = new OwnDefinitions(fhirContext);
  private final ValidationSupportChain chain =
      new ValidationSupportChain(
          definitions,
          new DefaultProfileValidationSupport(fhirContext),
          new CommonCodeSystemsTerminologyService(fhirContext),
          new InMemoryTerminologyServerValidationSupport(fhirContext),
          new SnapshotGeneratingValidationSupport(fhirContext));
  private final FhirInstanceValidator instanceValidator = new FhirInstanceValidator(chain);
  private final FhirValidator validator =
      fhirContext.newValidator().registerValidatorModule(instanceValidator);

  private Validator() {
    chain.setCodeableConceptValidationSuccessfulIfNotAllCodingsAreValid(true);
    instanceValidator.setAnyExtensionsAllowed(true);
    instanceValidator.setErrorForUnknownProfiles(true);
  }

  /** Judges every line of standard input. */
  public static void main(String[] arguments) throws IOException {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err); // no library may speak on the channel of the protocol
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    answers.println("READY");
    new Validator().answer(lines, answers);
    System.exit(0);
  }

  /** Judges on all cores; a single writer keeps the answers in the order of the lines. */
  private void answer(BufferedReader lines, PrintStream answers) throws IOException {
    ExecutorService judges =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    ExecutorService writer = Executors.newSingleThreadExecutor();
    Future<?> last = writer.submit(() -> {});
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String text = line;
      if (isDefinition(text)) {
        await(last); // what came before must not see it
      }
      Future<String> answer = judges.submit(() -> JSON.writeValueAsString(judge(text)));
      last = writer.submit(() -> answers.println(await(answer)));
      if (isDefinition(text)) {
        await(last); // what comes after must see it
      }
    }
    await(last);
  }

  private static boolean isDefinition(String line) {
    return line.startsWith("{\"define\":");
  }

  private List<Issue> judge(String line) {
    try {
      return isDefinition(line) ? define(JSON.readTree(line).get("define")) : validate(line);
    } catch (IOException | RuntimeException | Error failure) { // HAPI throws all three kinds
      return List.of(new Issue("error", "", failure.toString(), "exception"));
    }
  }

  private List<Issue> define(JsonNode resource) {
    IBaseResource definition = fhirContext.newJsonParser().parseResource(resource.toString());
    definitions.add(definition);
    chain.invalidateCaches(); // it may have been looked up in vain before
    instanceValidator.invalidateCaches();
    return List.of();
  }

  /** The text itself is judged, not what a parser made of it. */
  private List<Issue> validate(String resource) {
    return validator.validateWithResult(resource).getMessages().stream().map(Issue::of).toList();
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.get();
    } catch (ExecutionException | InterruptedException failure) {
      throw new IllegalStateException(failure);
    }
  }

  private record Issue(String severity, String location, String message, String id) {

    static Issue of(SingleValidationMessage message) {
      return new Issue(
          message.getSeverity().getCode(),
          Objects.requireNonNullElse(message.getLocationString(), ""),
          message.getMessage(),
          Objects.requireNonNullElse(message.getMessageId(), ""));
    }
  }
}
