"""The plain words that machines' sentences are made of; what is none of them could be a name.

Function words of English, what FHIR, HL7 v2 and HTTP servers say of what they refuse, and the codes
of `issue-type`. Nothing here tells of a person: no kinship, no occupation, no complaint.
"""

PLAIN_WORDS = frozenset(
    """
    a about above accept accepted access according account acknowledgement action active add added
    after again against all allowed already also although always an and another any anything are
    argument array as at attribute authentication authorization authorized available bad base
    batch be because been before being below between body boolean both bundle business-rule but by
    byte bytes call came can cannot canonical cardinality case category change changed character
    characters check client closed code code-invalid coded codes coding combination comma complete
    component concept condition conditional conflict constraint contain contained contains content
    context could count create created creation criteria current data date datetime decimal
    declared default defined delete deleted denied depth did different display do document does
    doesn't don't done down duplicate during each either element elements else empty enabled
    encounter end ended endpoint ends entries entry error errors event ever exactly exceeded
    exceeds exception exist existing exists expected expired extension extra failed failure false
    field fields file final find first for forbidden form format found from full further gateway
    given greater group had has have header headers held here http id ident identifier identifiers
    if ignored implemented in inactive include incomplete incorrect index informational input
    inside instance instant integer integrity interaction internal into invalid invariant is isn't
    issue it item items its itself json just key kind known laboratory large last later least left
    length less let level limit limited line link list local location lock-error locked login long
    longer lookup made make many match matched matches matching maximum may media merged message
    method methods minimum missing mode modified modifier more most much multiple multiple-matches
    must name named need needed needs neither never new next no no-store node none nor not
    not-found not-supported nothing now null number object observation occurred odd of off offset
    on once one only open operation optional or order other others out outcome over page parameter
    parameters parse parsed parser parsing part path patient pattern payload per permission
    permitted please point position possible post preceding precondition present previous
    primitive process processed processing profile profiles property provided provider put
    quantity queue range read reason received record reference referenced references refused
    reject rejected remove repeat repeated repeating repetition replaced request requested require
    required resolve resolved resource resources response result results retry root row rule same
    saved schema scope search second security segment segments send sent sequence server service
    session set several should signed single site size slice so some something specified standard
    start state statement status still stored string structure subject success such support
    supported suppressed survey suspended syntax system table tag take taken takes target than
    that the their them then there these they this those throttled through time timeout times to
    together token too too-costly too-long took transaction transient true try twice two type
    types unable unauthorized unavailable under unexpected unique unit unknown unprocessable
    unrecognized unresolved unsupported until up update updated url use used user using valid
    validate validated validation value values version versions vital-signs wanted was way were
    what when where whether which while who whole whose will with within without would write
    written wrong xml yet your zone
    """.split()  # noqa: SIM905 - a list of words is read as words
)
