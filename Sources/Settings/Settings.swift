// Settings: from the text of `fairlead.yaml` and the files it names to settings that can be used.
//
// What the module promises:
// - Every problem is reported at once, each with file, line, column, key, what is wrong and what to do.
// - A value that comes out has been checked: units are in the types, keys fit their certificates, defaults are filled in.
// - Nothing is kept between two loads. Who reloads keeps the old settings until the new ones are there.
// - Secrets print as `<redacted>`, and files with secrets that others may read are refused.
//
// The way through it: `YAMLText` makes a tree of texts with their places; the tables of keys beside each section of
// `Configuration` type them; `SettingsLoader` reads what they name.
//
// What it does not do: it opens no socket but the resolver's, makes no folder, and verifies no password.
