package live;

import ca.uhn.fhir.context.FhirContext;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.MetadataResource;

/**
 * Definitions that are not part of R4 itself, found by their canonical, with or without version.
 *
 * <p>HAPI's own class finds profiles, value sets and code systems only; a Questionnaire must be found as well, or the
 * answers to it are not checked.
 */
final class OwnDefinitions extends PrePopulatedValidationSupport {

  private final Map<String, IBaseResource> byCanonical = new ConcurrentHashMap<>();

  OwnDefinitions(FhirContext fhirContext) {
    super(fhirContext);
  }

  /** Makes the definition known; a later one of the same canonical replaces it. */
  void add(IBaseResource definition) {
    if (!(definition instanceof MetadataResource resource) || !resource.hasUrl()) {
      throw new IllegalArgumentException(
          "A definition needs a url, and " + definition.fhirType() + " has none");
    }
    addResource(definition);
    byCanonical.put(resource.getUrl(), definition);
    if (resource.hasVersion()) {
      byCanonical.put(resource.getUrl() + "|" + resource.getVersion(), definition);
    }
  }

  @Override
  public <T extends IBaseResource> T fetchResource(Class<T> type, String canonical) {
    IBaseResource own = byCanonical.get(canonical);
    return type.isInstance(own) ? type.cast(own) : super.fetchResource(type, canonical);
  }
}
