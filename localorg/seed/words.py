"""Names that nobody bears together: first names from everywhere, last names and companies of our own making."""


def _listed(names: str) -> tuple[str, ...]:
    return tuple(names.split())


FIRST = _listed(
    "Ada Alma Amina Anton Asha Bao Björn Carla Chiara Chloé Daniel Dario Dewi Elif Emeka Erik Fatima Finn François "
    "Grace Hana Hugo Ines Ingrid Ivan Jana João José Jürgen Kaia Kofi Lena Leon Liam Lucía Łukasz Mae Malik Mara Mateo "
    "Mei Milan Nadia Nils Noor Nuno Olga Omar Petra Priya Quinn Rafael Rosa Sami Selma Søren Tariq Tess Uma Vera "
    "Viktor Wren Xenia Yara Yusuf Zoë Zuzana"
)
LAST = _listed(
    "Abernox Ashgrove Bellwick Birchdale Blomqvist-Test Brambleby Caldermoor Candleford Cobblepot Dalgrim Dandelow "
    "Demofield Doverby Eastmarch Elderbrook Exampleton Fairweather Fennimore Ficticio Flintlock Fogwell Garrowby "
    "Glassmere Goldthistle Greymantle Hallowby Hartwhistle Hazelhurst Imagineux Inkwell Ivorsen Jorvikson Juniperro "
    "Kettlewick Kingsmoor Kravitzky Lanternby Larkspur Lumenfeld Maplethorpe Marrowdale Mockingham Mühlstein Nettleby "
    "Nightingrove Norwick Oakenfold Ørnebek O'Sample Pemberlight Pinewhistle Placeholdt Quillfeather Quimbleton "
    "Ravenscar Rookwell Ruthermoor Sampleton Saltmarsh Silverbirch Škoda-Demo Tamarindo Testerman Thistlewood "
    "Underhillow Ürgüplü Valebrook Vandermock Wainwick Whistledown Winterbourne Yarrowby Zephyrhill Zinnwald"
)
COMPANY = _listed(
    "Acorn Amber Atlas Aurora Beacon Birch Borealis Cedar Cinder Cobalt Comet Copper Coral Crane Delta Dune Ember "
    "Falcon Fjord Flint Garnet Glacier Granite Harbor Hazel Heron Indigo Iris Ivory Jade Juniper Kestrel Lagoon Larch "
    "Lotus Lumen Maple Meadow Meridian Nimbus Nova Ochre Onyx Opal Orchid Osprey Pebble Pine Prism Quartz Quill Raven "
    "Reef Saffron Sequoia Sienna Slate Solstice Tempest Topaz Umber Vega Vertex Willow Zenith Zephyr"
)
TRADE = _listed(
    "Analytics Bikes Ceramics Dynamics Energy Foods Freight Instruments Labs Logistics Media Optics Robotics Software "
    "Textiles Tools"
)
FORM = ("Inc.", "LLC", "GmbH", "Ltd", "S.A.", "AB")
TITLES = (
    "CEO", "CFO", "CTO", "VP Sales", "VP Marketing", "Head of Operations", "Director of IT", "Purchasing Manager",
    "Office Manager", "Sales Manager", "Marketing Manager", "Product Manager", "Software Engineer", "Data Analyst",
    "Accountant", "Consultant", "Assistant", "Geschäftsführer", "Responsable des achats",
)  # fmt: skip
DEPARTMENTS = ("Sales", "Marketing", "Finance", "IT", "Operations", "Purchasing", "Legal", None, None)
PLACES = (
    ("San Francisco", "CA", "94105", "USA"),
    ("Austin", "TX", "73301", "USA"),
    ("New York", "NY", "10001", "USA"),
    ("Toronto", "ON", "M5H 2N2", "Canada"),
    ("London", None, "EC1A 1BB", "United Kingdom"),
    ("München", "Bayern", "80331", "Germany"),
    ("Bilbao", "Bizkaia", "48001", "Spain"),
    ("Malmö", None, "211 20", "Sweden"),
    ("São Paulo", "SP", "01310-000", "Brazil"),
    ("Kraków", None, "31-042", "Poland"),
)
STREETS = ("Harbor Road", "Mill Lane", "Hauptstraße", "Market Street", "Calle Mayor", "Station Road", "Sample Avenue")
SUBJECTS = ("Call", "Email", "Send Quote", "Send Letter", "Follow up", "Prepare demo", "Renewal check-in")
DEALS = ("Renewal", "Pilot", "Rollout", "Upgrade", "Expansion", "Add-on", "Services")
CAMPAIGNS = (
    ("Spring Webinar", "Webinar", "Completed"),
    ("Harbor Trade Show", "Trade Show", "Completed"),
    ("Newsletter", "Email", "In Progress"),
    ("Partner Days", "Conference", "Planned"),
    ("Win-back Letters", "Direct Mail", "In Progress"),
)
