//! The words that contents are made of: plain, kind, and about no real person.

/// Lower case ASCII letters only: they are used in names, file names and addresses.
pub(super) const ADJECTIVES: &[&str] = &[
    "amber", "ancient", "autumn", "blue", "bold", "brave", "brief", "bright", "brisk", "broad", "bronze", "calm",
    "careful", "cheerful", "clear", "clever", "cloudy", "coastal", "cobalt", "cool", "copper", "coral", "cosy",
    "crimson", "crisp", "curious", "daily", "deep", "delicate", "distant", "dry", "eager", "early", "eastern",
    "elegant", "emerald", "even", "faithful", "famous", "fancy", "fast", "fine", "first", "fresh", "friendly",
    "frosty", "full", "gentle", "glad", "golden", "grand", "grateful", "green", "happy", "helpful", "hidden",
    "high", "honest", "humble", "idle", "indigo", "inner", "ivory", "jolly", "keen", "kind", "large", "late",
    "light", "little", "lively", "local", "long", "loyal", "lucky", "marble", "mellow", "merry", "mighty", "mild",
    "misty", "modest", "morning", "narrow", "neat", "new", "nimble", "noble", "northern", "olive", "open", "orange",
    "patient", "peaceful", "pearly", "plain", "pleasant", "polite", "proud", "purple", "quick", "quiet", "rapid",
    "rare", "ready", "rosy", "round", "royal", "rural", "sandy", "scarlet", "second", "serene", "sharp", "shiny",
    "silent", "silver", "simple", "slow", "small", "smooth", "snowy", "soft", "solid", "southern", "spare",
    "spring", "square", "steady", "still", "stony", "straight", "strong", "sturdy", "summer", "sunny", "sweet",
    "swift", "tall", "tender", "tidy", "timely", "tiny", "tranquil", "true", "upper", "useful", "velvet", "violet",
    "vivid", "warm", "wavy", "western", "white", "wide", "willing", "windy", "winter", "wise", "wooden", "yellow",
    "young",
];

/// Lower case ASCII letters only; countable things and places that take "the".
pub(super) const NOUNS: &[&str] = &[
    "acorn", "agenda", "album", "anchor", "apple", "apron", "arbour", "arch", "atlas", "attic", "avenue", "badge",
    "bakery", "balcony", "barn", "basin", "basket", "bay", "beacon", "bell", "bench", "birch", "boat", "book",
    "border", "bottle", "boulder", "branch", "brick", "bridge", "brook", "brush", "bucket", "budget", "button",
    "cabin", "calendar", "camera", "canal", "candle", "canoe", "canvas", "canyon", "caravan", "carpet", "castle",
    "cedar", "cellar", "chapel", "chapter", "chart", "cherry", "chimney", "circle", "clearing", "cliff", "clock",
    "cloud", "clover", "coast", "column", "comet", "compass", "copy", "corner", "cottage", "courtyard", "cove",
    "cradle", "crane", "creek", "crossing", "cupboard", "current", "curtain", "daisy", "dawn", "delta", "desk",
    "diagram", "diary", "dock", "document", "domain", "drawer", "drawing", "dune", "elm", "engine", "envelope",
    "errand", "estuary", "falcon", "farm", "feather", "fence", "fern", "ferry", "field", "finch", "fjord", "flag",
    "flute", "folder", "forest", "fountain", "frame", "gallery", "garden", "gate", "glacier", "glade", "globe",
    "grove", "guide", "hallway", "hammock", "harbour", "harvest", "hazel", "hedge", "heron", "hill", "hollow",
    "horizon", "inlet", "island", "jacket", "jetty", "journal", "journey", "kettle", "key", "kite", "ladder",
    "lagoon", "lake", "lamp", "lantern", "larch", "lawn", "leaf", "ledger", "letter", "library", "lighthouse",
    "lily", "list", "lodge", "loom", "magnet", "mantle", "map", "maple", "market", "meadow", "melody", "mill",
    "mirror", "moon", "mountain", "museum", "notebook", "oak", "oar", "orchard", "otter", "outline", "packet",
    "paddle", "page", "pantry", "park", "parcel", "passage", "path", "pavilion", "pebble", "pencil", "picture",
    "pier", "pillow", "pine", "pillar", "plan", "planet", "plateau", "pond", "poplar", "porch", "portrait",
    "postcard", "prairie", "puzzle", "quarry", "quill", "quilt", "raft", "rainbow", "ravine", "record", "reef",
    "report", "ribbon", "ridge", "river", "robin", "roof", "saddle", "sail", "satchel", "schedule", "shelf",
    "shore", "signal", "sketch", "slope", "spruce", "square", "stable", "stair", "station", "story", "stream",
    "studio", "summary", "summit", "table", "teapot", "terrace", "thicket", "thread", "ticket", "timber", "torch",
    "tower", "trail", "train", "tunnel", "valley", "village", "violin", "wagon", "walnut", "waterfall", "wharf",
    "willow", "window", "workshop", "yard",
];

/// Base form, all of them taking an object.
pub(super) const VERBS: &[&str] = &[
    "admire", "adopt", "answer", "arrange", "assemble", "borrow", "brighten", "bring", "build", "carry", "catch",
    "celebrate", "check", "choose", "circle", "clean", "collect", "colour", "compare", "complete", "connect",
    "copy", "count", "cover", "cross", "decorate", "deliver", "describe", "design", "discover", "display", "divide",
    "draw", "edit", "enjoy", "enter", "examine", "expand", "explain", "explore", "fetch", "fill", "find", "finish",
    "fold", "follow", "frame", "gather", "guide", "hang", "help", "hold", "improve", "include", "inspect",
    "introduce", "invite", "join", "keep", "label", "learn", "lift", "list", "load", "locate", "love", "measure",
    "mend", "mention", "mirror", "move", "name", "note", "notice", "observe", "open", "order", "organise", "paint",
    "pass", "place", "plan", "plant", "polish", "prepare", "present", "print", "protect", "publish", "reach",
    "read", "rebuild", "record", "remember", "renew", "repair", "replace", "restore", "review", "revise", "save",
    "schedule", "search", "select", "share", "shape", "show", "simplify", "sketch", "sort", "start", "store",
    "study", "support", "surround", "sweep", "trace", "trim", "update", "value", "visit", "watch", "water",
    "welcome", "write",
];

pub(super) const ADVERBS: &[&str] = &[
    "again", "at dawn", "at leisure", "at noon", "before lunch", "by hand", "carefully", "early", "every week",
    "gladly", "in the afternoon", "in the morning", "later", "next week", "now and then", "on time", "once more",
    "quietly", "soon", "step by step", "this week", "together", "tomorrow", "twice", "when ready", "with care",
    "without haste",
];

pub(super) const GIVEN_NAMES: &[&str] = &[
    "Ada", "Alma", "Amir", "Anders", "Anya", "Arlo", "Astrid", "Aziz", "Bela", "Bruno", "Carmen", "Cleo", "Dario",
    "Edda", "Elio", "Elsa", "Enzo", "Esme", "Ezra", "Farid", "Flora", "Freya", "Gita", "Greta", "Hana", "Hugo",
    "Ida", "Imani", "Ines", "Ivo", "Jana", "Jonas", "Juno", "Kaito", "Kira", "Lars", "Leila", "Lena", "Linus",
    "Luca", "Maeve", "Maya", "Mei", "Milo", "Mina", "Nadia", "Nico", "Nora", "Olga", "Omar", "Otto", "Petra",
    "Priya", "Rafael", "Rosa", "Rune", "Sami", "Selma", "Soren", "Tara", "Theo", "Tomas", "Uma", "Vera", "Viktor",
    "Wanda", "Yara", "Zeno",
];

/// Made from things, so that they match no living person.
pub(super) const SURNAMES: &[&str] = &[
    "Alderbrook", "Amberfield", "Applecross", "Ashgrove", "Birchwater", "Blackthorn", "Bluehill", "Brightwater",
    "Brookstone", "Cedarhall", "Cloverdale", "Coldstream", "Copperfield", "Cranemoor", "Dovecote", "Eastwater",
    "Elmhollow", "Fairmeadow", "Fernhill", "Foxglove", "Glenmere", "Goldleaf", "Greenacre", "Hartwood", "Hawthorne",
    "Hazelmere", "Highfield", "Hollybush", "Ivybridge", "Juniperson", "Kingsmill", "Lakehurst", "Larkspur",
    "Lindenbaum", "Longmeadow", "Maplewood", "Marshfield", "Millbrook", "Moorland", "Northgate", "Oakenshaw",
    "Orchardson", "Pebbleton", "Pinewood", "Quillfeather", "Ravenhill", "Redfern", "Riverstone", "Rosewater",
    "Sandhurst", "Seabright", "Silverleaf", "Snowdrop", "Southmoor", "Springwell", "Stonebridge", "Summerfield",
    "Thistledown", "Thornbury", "Underhill", "Westwood", "Whitewater", "Willowby", "Winterbourne", "Woodlark",
];

pub(super) const JOB_TITLES: &[&str] = &[
    "Archivist", "Botanist", "Bridge Engineer", "Cartographer", "Clockmaker", "Composer", "Curator", "Editor",
    "Event Planner", "Field Surveyor", "Gardener", "Glazier", "Illustrator", "Indexer", "Kite Designer",
    "Landscape Architect", "Librarian", "Lighthouse Keeper", "Map Editor", "Meteorologist", "Museum Guide",
    "Orchard Manager", "Potter", "Printer", "Project Coordinator", "Station Manager", "Technical Writer",
    "Translator", "Typesetter", "Workshop Lead",
];

/// Halves of invented towns.
pub(super) const TOWN_HEADS: &[&str] = &[
    "Alder", "Amber", "Ash", "Birch", "Bright", "Clear", "Cloud", "Copper", "Elm", "Fern", "Glen", "Green", "Hazel",
    "High", "Lake", "Linden", "Maple", "Meadow", "Mill", "Oak", "Orchard", "Pine", "River", "Rose", "Silver",
    "Stone", "Summer", "Thistle", "Willow", "Winter",
];

pub(super) const TOWN_TAILS: &[&str] = &[
    "bank", "borough", "bridge", "brook", "bury", "crest", "dale", "field", "ford", "gate", "hall", "haven", "hill",
    "hurst", "mere", "mouth", "stead", "ton", "vale", "view", "wick", "wood",
];

pub(super) const COMPANY_TAILS: &[&str] = &[
    "and Company", "Atelier", "Cooperative", "Guild", "Press", "Society", "Studio", "Supplies", "Workshop", "Works",
];
