package live;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

/**
 * Judges documents by PDF/A-2a with veraPDF: one file in base64 per line in, one JSON line per line out.
 *
 * <p>The answer is a list of the rules that it breaks, each with where: empty for a file that is PDF/A-2a. What cannot
 * be read ends the program. Prints {@code READY} first and ends with its standard input.
 */
public final class PdfJudge {

  private static final PDFAFlavour FLAVOUR = PDFAFlavour.PDFA_2_A;
  private static final ObjectMapper JSON = new ObjectMapper();

  private PdfJudge() {}

  /** Answers every line of standard input. */
  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err); // no library may speak on the channel of the protocol
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    VeraGreenfieldFoundryProvider.initialise();

    answers.println("READY");
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      answers.println(JSON.writeValueAsString(broken(Base64.getDecoder().decode(line))));
    }
    System.exit(0);
  }

  private static List<String> broken(byte[] file) throws Exception {
    try (PDFAParser parser =
            Foundries.defaultInstance().createParser(new ByteArrayInputStream(file), FLAVOUR);
        PDFAValidator validator = Foundries.defaultInstance().createValidator(FLAVOUR, false)) {
      return validator.validate(parser).getTestAssertions().stream()
          .filter(assertion -> assertion.getStatus() == TestAssertion.Status.FAILED)
          .map(
              assertion ->
                  assertion.getRuleId().getClause()
                      + ": "
                      + assertion.getMessage()
                      + " at "
                      + assertion.getLocation().getContext())
          .toList();
    }
  }
}
