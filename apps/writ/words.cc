#include "words.h"

#include <algorithm>
#include <array>

#include "writ/base/nearest.h"

namespace writ::cli {
namespace {

constexpr auto later = Availability::later;
constexpr auto none = Takes::nothing;
constexpr auto one = Takes::one_value;
constexpr auto many = Takes::many_values;

constexpr std::array global_words{
    OptionWord{"--store", one, "DIR", "use this store"},
    OptionWord{"--json", Takes::optional_value, "lines",
               "one JSON document on standard output; =lines: one for each item of a list"},
    OptionWord{"-q", none, "", "no messages but errors"},
    OptionWord{"--help", none, "", "what this command does"},
    OptionWord{"-h", none, "", "the same"},
};

constexpr OptionWord tier_word{"--tier", one, "auto|fast|best",
                               "how a module is compiled: at once, or well; auto: at once, and well for the next run"};
constexpr OptionWord commit_by_word{"--commit-by", one, "in-place|swap",
                                    "how files change: each by itself, or the whole folder exchanged at once"};
constexpr std::array run_words{
    OptionWord{"--grant", many, "GRANT",
               "allow an effect: EFFECT[:RESOURCE][,LIMIT=VALUE]..., see `writ help effects`"},
    OptionWord{"--deny", many, "GRANT", "forbid an effect; wins over every grant"},
    OptionWord{"--effect", many, "KIND[:FIELD,...]", "an effect of your own, which grants and denies may name"},
    OptionWord{"--cap", many, "HANDLE", "use a capability of this store, see `writ cap ls`"},
    OptionWord{"--manifest", one, "FILE", "TOML with [task], [grants], [deny] and [limits]"},
    OptionWord{"--policy", many, "FILE", "put the task under this policy; see docs/policy-language.md"},
    OptionWord{"--input", one, "FILE|-|none",
               "the guest's standard input (default -), read only as far as the guest reads"},
    OptionWord{"--env", many, "NAME[=VALUE]", "let the guest see this variable: the caller's value, or the one given"},
    OptionWord{"--workspace", many, "DIR[:MOUNT][:ro]",
               "let the guest read and write below a folder, which it sees at MOUNT (default: the same path)"},
    OptionWord{"--hide", many, "GLOB", "take these names out of every --workspace; without a / at any depth"},
    OptionWord{"--strict", none, "", "end the task at its first denial, with 77"},
    OptionWord{"--id", one, "NAME", "a name for the task, used once in a store"},
    OptionWord{"--label", many, "KEY=VALUE", "a label in the task's receipt"},
    OptionWord{"--retry", one, "N", "run again up to N times when a conflict hindered the commit"},
    OptionWord{"--receipt", one, "FILE", "write the receipt to this file too"},
    OptionWord{"--limit", many, "NAME=VALUE", "memory, time, stack, output, effects, files; of a process also processes, disk"},
    OptionWord{"--fence", one, "auto|key|page|process", "how the guest is fenced; key is an error where there are no keys"},
    OptionWord{"--require", many, "PROTECTION,...", "refuse to run without these, see `writ doctor`"},
    OptionWord{"--entry", one, "NAME", "the exported function to call (default _start)"},
    OptionWord{"--seed", one, "HEX", "64 hex digits for the virtual clock's and randomness' seed"},
    OptionWord{"--dry-run", none, "", "print what would be granted and run nothing"},
    OptionWord{"--stage", none, "", "keep what it would change, for `writ diff`, then `writ commit` or `writ discard`"},
    commit_by_word,
    OptionWord{"--keep-failed", none, "", "if the task fails, keep what it would have changed, for `writ diff`; it never commits"},
    OptionWord{"--keep-inputs", none, "", "keep what the guest reads from files and standard input, for `writ replay`"},
    OptionWord{"-e", one, "TEXT", "the code itself, in the language that --lang says"},
    OptionWord{"--lang", one, "py|sh", "the language of -e, of -, or of a file whose name does not say it"},
    OptionWord{"--tty", none, "", "terminal", later},
    OptionWord{"--engine", one, "NAME", "engines", later},
    tier_word,
};

constexpr std::array learn_words{
    OptionWord{"-o", one, "FILE", "write the manifest there instead of standard output"},
    OptionWord{"--grant", many, "GRANT", "as of `run`; what is granted may also hold secrets"},
    OptionWord{"--effect", many, "KIND[:FIELD,...]", "an effect of your own, which grants and denies may name"},
    OptionWord{"--deny", many, "GRANT", "as of `run`"},
    OptionWord{"--manifest", one, "FILE", "as of `run`"},
    OptionWord{"--input", one, "FILE|-|none", "as of `run`"},
    OptionWord{"--env", many, "NAME[=VALUE]", "as of `run`"},
    OptionWord{"--id", one, "NAME", "as of `run`"},
    OptionWord{"--label", many, "KEY=VALUE", "as of `run`"},
    OptionWord{"--limit", many, "NAME=VALUE", "as of `run`"},
    OptionWord{"--fence", one, "auto|key|page", "as of `run`"},
    tier_word,
    OptionWord{"--require", many, "PROTECTION,...", "as of `run`"},
    OptionWord{"--entry", one, "NAME", "as of `run`"},
    OptionWord{"--seed", one, "HEX", "as of `run`"},
};

constexpr std::array narrow_words{
    OptionWord{"--effect", many, "KIND[:FIELD,...]", "an effect of your own, which the grant may name"},
};
constexpr std::array mint_words{
    OptionWord{"--effect", many, "KIND[:FIELD,...]", "an effect of your own, which the grant may name"},
    OptionWord{"--holder", one, "HOLDER", "who alone may use it: a program's file, or code:SHA256"},
};
constexpr std::array caps_words{
    OptionWord{"--all", none, "", "also those that were revoked or split"},
};

constexpr std::array tasks_words{
    OptionWord{"--since", one, "TIME", "not before: 2026-11-21, 2026-11-21T03:00:00Z, or 2h (ago)"},
    OptionWord{"--until", one, "TIME", "not after"},
    OptionWord{"--outcome", one, "OUTCOME", "completed, trapped, denied, timed_out, out_of_memory, cancelled"},
    OptionWord{"--touched", one, "RESOURCE", "tasks whose journal names this object or file"},
    OptionWord{"--denied", none, "", "tasks that were denied something"},
    OptionWord{"--limit", one, "N", "at most so many (default 50)"},
    OptionWord{"--staged", none, "", "tasks that wait for `writ commit` or `writ discard`, failed ones that were kept among them"},
};

constexpr std::array diff_words{
    OptionWord{"--stat", none, "", "the number of lines for each, instead of the lines"},
    OptionWord{"--name-only", none, "", "the names alone"},
};
constexpr std::array own_write_words{
    OptionWord{"--policy", many, "FILE", "the write is an effect like others: refuse it if this policy does"},
};
constexpr std::array commit_words{
    OptionWord{"--policy", many, "FILE", "refuse it if this policy would not have let the task do it"},
    OptionWord{"--only", many, "PATH", "commit what is changed there, objects or files, and give up the rest"},
    commit_by_word,
};

constexpr std::array replay_words{
    OptionWord{"--input", one, "FILE|-", "what the task read from standard input, where it was not kept"},
};
constexpr std::array rerun_words{
    OptionWord{"--grant", many, "GRANT", "allow this effect too"},
    OptionWord{"--deny", many, "GRANT", "forbid this effect too"},
    OptionWord{"--effect", many, "KIND[:FIELD,...]", "an effect of your own, which grants and denies may name"},
    OptionWord{"--policy", many, "FILE", "put the new task under this policy"},
    OptionWord{"--input", one, "FILE|-|none", "another standard input than what was kept"},
    OptionWord{"--env", many, "NAME[=VALUE]", "let the guest see this variable too"},
    OptionWord{"--strict", none, "", "end the task at its first denial, with 77"},
    OptionWord{"--id", one, "NAME", "a name for the new task"},
    OptionWord{"--label", many, "KEY=VALUE", "another label"},
    OptionWord{"--retry", one, "N", "run again up to N times when a conflict hindered the commit"},
    OptionWord{"--receipt", one, "FILE", "write the receipt to this file too"},
    OptionWord{"--limit", many, "NAME=VALUE", "another limit"},
    OptionWord{"--seed", one, "HEX", "64 hex digits; else fresh ones"},
    OptionWord{"--stage", none, "", "keep what it would change"},
    OptionWord{"--keep-failed", none, "", "if it fails, keep what it would have changed"},
    OptionWord{"--keep-inputs", none, "", "keep what it reads, for `writ replay`"},
};
constexpr std::array undo_words{
    OptionWord{"--dry-run", none, "", "say what would be put back, and change nothing"},
    commit_by_word,
};

constexpr std::array build_words{
    tier_word,
    OptionWord{"--waiting", Takes::optional_value, "CACHE", "build what runs left for later; gives way to everything else"},
};

constexpr std::array verify_words{
    OptionWord{"--key", many, "VKEY", "trust this key, as `writ log key` prints it"},
    OptionWord{"--keys", many, "FILE", "trust the keys in this file, one a line"},
    OptionWord{"--any-key", none, "", "check integrity alone: who signed stays unknown"},
    OptionWord{"--format", one, "bundle", "print a Sigstore bundle (v0.3) of each receipt that holds"},
};

constexpr std::array audit_words{
    OptionWord{"--since", one, "CHECKPOINT", "the log must also extend this checkpoint (a file)"},
};
constexpr std::array fsck_words{
    OptionWord{"--repair", none, "", "finish or forget what a crash left"},
};
constexpr std::array doctor_words{
    OptionWord{"--memory", none, "", "memory", later},
};

constexpr std::array policy_explain_words{
    OptionWord{"--policy", many, "FILE", "the policy, or several that hold at once"},
    OptionWord{"--grant", many, "GRANT", "what is granted (default: this effect by name, without limits)"},
    OptionWord{"--bytes", one, "SIZE", "how much the effect moves"},
    OptionWord{"--size", one, "SIZE", "of the object or file"},
    OptionWord{"--label", many, "KEY=VALUE", "a label of the task"},
};
constexpr std::array policy_replay_words{
    OptionWord{"--against", one, "FILE", "the policy under which past decisions are made again"},
    OptionWord{"--limit", one, "N", "of the newest N tasks (default 50), if none is named"},
};

constexpr CommandWord in_later_version(std::string_view name) {
  return {name, "", 0, any_number, "", {}, Tail::guest, later};
}

constexpr std::array command_words{
    CommandWord{"init", "", 0, 0, "make a store here"},
    CommandWord{"run", "CODE [ARGS...]", 0, any_number, "run a WebAssembly module, a script or (after --) a command, with the authority granted",
                run_words, Tail::guest},
    CommandWord{"learn", "CODE [ARGS...]", 0, any_number, "run in a shadow that is always discarded, and write the least manifest",
                learn_words, Tail::guest},
    CommandWord{"build", "CODE", 0, 1, "compile ahead of time", build_words},
    CommandWord{"tasks", "", 0, 0, "the tasks of this store, newest first", tasks_words},
    CommandWord{"show", "TASK", 1, 1, "what a task was, did and left"},
    CommandWord{"why", "TASK", 1, 1, "what a task was denied, by whom, and the grant that would allow it"},
    CommandWord{"diff", "TASK [-- PATH...]", 1, any_number, "what a task changed, or would change if it is committed",
                diff_words},
    CommandWord{"commit", "TASK[@DIGEST]", 1, 1, "commit a staged task; DIGEST as `writ diff` showed it", commit_words},
    CommandWord{"discard", "TASK...", 1, any_number, "give up staged tasks"},
    CommandWord{"replay", "TASK", 1, 1, "tell a deterministic task again and compare what comes of it", replay_words},
    CommandWord{"rerun", "TASK", 1, 1, "the same code, input and limits again, as a new task", rerun_words},
    CommandWord{"cancel", "TASK...", 1, any_number, "end tasks that another process runs; they leave their receipts"},
    CommandWord{"undo", "TASK [-- PATH...]", 1, any_number, "put back what a task changed, unless somebody changed it since",
                undo_words},
    CommandWord{"verify", "RECEIPT|TASK...", 1, any_number, "check receipts against trusted keys", verify_words},
    CommandWord{"audit", "", 0, 0, "check every receipt, the log and the state root", audit_words},
    CommandWord{"fsck", "", 0, 0, "check the store's own structure", fsck_words},
    CommandWord{"state ls", "[PREFIX]", 0, 1, "list objects"},
    CommandWord{"state get", "PATH", 1, 1, "an object's bytes to standard output"},
    CommandWord{"state put", "PATH FILE|-", 2, 2, "write an object; a task like any other", own_write_words},
    CommandWord{"state rm", "PATH", 1, 1, "remove an object; its history stays", own_write_words},
    CommandWord{"state log", "PATH", 1, 1, "an object's versions"},
    CommandWord{"state export", "DIR", 1, 1, "write all objects as files below a new folder"},
    CommandWord{"state import", "DIR", 1, 1, "write the files below a folder as objects", own_write_words},
    CommandWord{"log key", "", 0, 0, "the public key that verifies this store's receipts"},
    CommandWord{"log checkpoint", "", 0, 0, "the newest signed checkpoint"},
    CommandWord{"log prove", "N", 1, 1, "an offline proof that leaf N is in the log"},
    CommandWord{"log consistency", "M N", 2, 2, "the hashes that lead from size M to size N"},
    CommandWord{"cap mint", "GRANT", 1, 1, "make a capability that outlives tasks; prints its handle", mint_words},
    CommandWord{"cap attenuate", "HANDLE GRANT", 2, 2, "a narrower one: what both allow", narrow_words},
    CommandWord{"cap split", "HANDLE LIMITS LIMITS...", 3, any_number,
                "divide its budgets, such as uses=3,bytes=1MiB; it ends with that"},
    CommandWord{"cap delegate", "HANDLE HOLDER", 2, 2, "one that only this program may use: its file, or code:SHA256"},
    CommandWord{"cap inspect", "HANDLE", 1, 1, "what it is, and what is left of it"},
    CommandWord{"cap revoke", "HANDLE...", 1, any_number, "end it and everything that descends from it, at once"},
    CommandWord{"cap ls", "", 0, 0, "the capabilities that stand", caps_words},
    CommandWord{"log export", "DIR", 1, 1, "write the log as C2SP tiles into a folder, or what is new of it"},
    CommandWord{"key ls", "", 0, 0, "the signing keys of this user"},
    CommandWord{"key show", "[NAME]", 0, 1, "a key's public part"},
    CommandWord{"key rotate", "", 0, 0, "sign with a new key from now on; what the old one signed still verifies"},
    CommandWord{"key export", "", 0, 0, "the public key in PEM, for other programs"},
    CommandWord{"policy check", "FILE", 1, 1, "everything that is wrong with a policy file"},
    CommandWord{"policy explain", "EFFECT", 1, 1, "what decides about EFFECT[:RESOURCE]", policy_explain_words},
    CommandWord{"policy test", "FILE", 1, 1, "run the cases written in a policy file"},
    CommandWord{"policy replay", "[TASK...]", 0, any_number, "what past tasks would be refused or allowed", policy_replay_words},
    CommandWord{"trust", "DIR", 1, 1, "use the store in this folder although it was refused"},
    CommandWord{"doctor", "", 0, 0, "what this machine offers", doctor_words},
    CommandWord{"completion", "bash|zsh|fish", 1, 1, "a script that completes our words in your shell"},
    CommandWord{"version", "", 0, 0, "the version"},
    CommandWord{"help", "[COMMAND|effects]", 0, 2, "this text"},
    in_later_version("impact"),
    in_later_version("branch"),
    in_later_version("evidence"),
    in_later_version("cap verify"),
    in_later_version("memory"),
    in_later_version("secret"),
    in_later_version("outbox"),
    in_later_version("config"),
    in_later_version("backup"),
    in_later_version("restore"),
    in_later_version("gc"),
    in_later_version("du"),
    in_later_version("upgrade"),
    in_later_version("serve"),
    in_later_version("mcp"),
    in_later_version("inbox"),
    in_later_version("component"),
    in_later_version("tenant"),
    in_later_version("metadata"),
    in_later_version("log witness"),
};

}  // namespace

std::span<const CommandWord> commands() { return command_words; }
std::span<const OptionWord> global_options() { return global_words; }

const CommandWord* find_command(std::string_view name) {
  const auto it = std::ranges::find(command_words, name, &CommandWord::name);
  return it == command_words.end() ? nullptr : &*it;
}

std::vector<std::string_view> subcommands(std::string_view group) {
  std::vector<std::string_view> found;
  for (const CommandWord& c : command_words)
    if (c.name.size() > group.size() && c.name.starts_with(group) && c.name[group.size()] == ' ')
      found.push_back(c.name.substr(group.size() + 1));
  return found;
}

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> names;
  for (const CommandWord& c : command_words) {
    const std::string_view first = c.name.substr(0, c.name.find(' '));
    if (std::ranges::find(names, first) == names.end()) names.push_back(first);
  }
  return names;
}

const OptionWord* find_option(const CommandWord& command, std::string_view name) {
  for (const std::span<const OptionWord> list : {command.options, global_options()})
    for (const OptionWord& o : list)
      if (o.name == name) return &o;
  return nullptr;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> known, std::string_view fallback) {
  if (const auto near = nearest(word, known)) return "did you mean " + std::string(*near) + "?";
  return std::string(fallback);
}

}  // namespace writ::cli
