"""Tables beside those of the objects: what an org remembers and shows nowhere."""

DDL = (
    # what lies in the recycle bin; root: the record whose delete took it along, often itself
    "CREATE TABLE IF NOT EXISTS _bin (id TEXT PRIMARY KEY, root TEXT NOT NULL)",
    # who pointed at something deleted and does so no longer; tied again when it comes back
    "CREATE TABLE IF NOT EXISTS _loosened (root TEXT NOT NULL, id TEXT NOT NULL, field TEXT NOT NULL, value TEXT)",
    # the bytes of files, by the record that holds them
    "CREATE TABLE IF NOT EXISTS _blob (id TEXT PRIMARY KEY, content BLOB NOT NULL)",
    # the event that an invited user got, by the invitation
    "CREATE TABLE IF NOT EXISTS _invited (relation TEXT PRIMARY KEY, event TEXT NOT NULL, child TEXT NOT NULL)",
    # what is gone for good, since when
    "CREATE TABLE IF NOT EXISTS _erased (id TEXT PRIMARY KEY, object TEXT NOT NULL, at TEXT NOT NULL)",
    # of which objects there is a full-text index, and of what it is made; another expression is another index
    "CREATE TABLE IF NOT EXISTS _indexed (object TEXT PRIMARY KEY, expressions TEXT NOT NULL)",
    # rows written since they were last indexed
    "CREATE TABLE IF NOT EXISTS _unindexed (object TEXT, n INTEGER, PRIMARY KEY (object, n)) WITHOUT ROWID",
)
NAMES = ("_bin", "_loosened", "_blob", "_invited", "_erased", "_indexed", "_unindexed")
