package live;

import ca.uhn.fhir.rest.server.RestfulServer;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A real record system for the tests: HAPI FHIR JPA, R4, on loopback, without authentication.
 *
 * <p>Arguments: the port (0 means any free one) and, optionally, the file of the H2 database; without it everything is
 * kept in memory. Prints {@code READY <port>} once {@code /fhir/metadata} has been answered, and ends when its standard
 * input closes, so that it cannot outlive the test that started it.
 */
public final class RecordSystem {

  private static final String HOST = "127.0.0.1";

  private RecordSystem() {}

  /** Starts the server, which runs until standard input closes. */
  public static void main(String[] arguments) {
    PrintStream answers = System.out;
    System.setOut(System.err); // no library may speak on the channel of the protocol
    endWithStandardInput();

    try {
      RestfulServer fhir = createFhirServlet(databaseUrl(arguments));
      int port = serve(fhir, Integer.parseInt(arguments[0]));
      awaitMetadata(port);
      answers.println("READY " + port);
    } catch (Exception failure) { // Jetty declares it
      failure.printStackTrace();
      System.exit(1); // the threads that did start would keep a useless process alive
    }
  }

  private static String databaseUrl(String[] arguments) {
    String place = arguments.length > 1 ? "file:" + arguments[1] : "mem:record-system";
    return "jdbc:h2:" + place + ";DB_CLOSE_DELAY=-1";
  }

  private static RestfulServer createFhirServlet(String databaseUrl) {
    var context = new AnnotationConfigApplicationContext();
    context.getEnvironment().getSystemProperties().put(Wiring.DATABASE_URL, databaseUrl);
    context.register(Wiring.class);
    context.refresh();
    return context.getBean(RestfulServer.class);
  }

  /** Gives the port it listens on. */
  private static int serve(RestfulServer fhir, int port) throws Exception {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost(HOST);
    connector.setPort(port);
    server.addConnector(connector);
    ServletContextHandler root = new ServletContextHandler("/");
    root.addServlet(new ServletHolder(fhir), "/fhir/*");
    server.setHandler(root);
    server.start();
    return connector.getLocalPort();
  }

  private static void awaitMetadata(int port) throws IOException, InterruptedException {
    URI metadata = URI.create("http://" + HOST + ":" + port + "/fhir/metadata");
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(metadata).build(), HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IllegalStateException(
          metadata + " answered " + response.statusCode() + ", expected 200: " + response.body());
    }
  }

  /** H2 closes its file in a shutdown hook, so leaving at once loses nothing. */
  private static void endWithStandardInput() {
    Thread watch =
        new Thread(
            () -> {
              try {
                System.in.transferTo(PrintStream.nullOutputStream());
              } catch (IOException closed) {
                // A broken pipe says the same as its end: whoever started us is gone.
              }
              System.exit(0);
            });
    watch.setDaemon(true);
    watch.start();
  }
}
