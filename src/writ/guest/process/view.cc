#include "writ/guest/process/view.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "writ/base/escape.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/guest/process/system_places.h"
#include "writ/wire/bytes.h"

namespace writ::guest::process {
namespace {

namespace fs = std::filesystem;
using supervise::Place;
using supervise::Way;
using What = Place::What;
using Reach = gate::Standing::Reach;

bool lies_below(std::string_view path, std::string_view folder) {
  return folder == "/" || (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string people() {
  const auto uid = std::to_string(::geteuid()), gid = std::to_string(::getegid());
  const std::string nobody = "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
  if (uid == "0") return "root:x:0:" + gid + ":root:/home/task:/bin/sh\n" + nobody;
  return "root:x:0:0:root:/root:/usr/sbin/nologin\ntask:x:" + uid + ":" + gid + ":task:/home/task:/bin/sh\n" + nobody;
}

std::string groups() {
  const auto gid = std::to_string(::getegid());
  return (gid == "0" ? "root:x:0:\n" : "root:x:0:\ntask:x:" + gid + ":\n") + std::string("nogroup:x:65534:\n");
}

class Maker {
 public:
  explicit Maker(const View::Setup& setup) : s_(setup) {}

  Result<View> run() {
    WRIT_CHECK(check());
    add_system();
    WRIT_CHECK(bare() ? add_private_folders() : add_private_places());
    WRIT_CHECK(add_grants());
    WRIT_CHECK(add_layers());
    WRIT_CHECK(add_code());
    add_program();
    for (const auto& d : s_.files.denied) mask(d.host);
    find_folder();
    drop_covered();
    return std::move(v_);
  }

 private:
  bool bare() const { return s_.way == Way::bare; }

  const gate::Mount* mount_of(const std::string& host) const {
    const auto& mounts = s_.call.session.mounts();
    const auto it = std::ranges::find_if(mounts, [&](const gate::Mount& m) { return lies_below(host, m.host); });
    return it == mounts.end() ? nullptr : &*it;
  }
  const Layer* layer_of(const std::string& host) const {
    const auto it = std::ranges::find_if(s_.call.layers, [&](const Layer& l) { return lies_below(host, l.host); });
    return it == s_.call.layers.end() ? nullptr : &*it;
  }

  Result<void> check() const {
    const auto refuse = [](const std::string& path, std::string hint) {
      return Error{Code::unsupported, "a process has a tree of its own there", escape_for_terminal(path), std::move(hint)};
    };
    const auto taken = [&](const std::string& at) {
      return at == "/" || lies_below(at, "/proc") || lies_below(at, "/dev") || lies_below(at, "/sys") || at == "/etc" || at == "/home/task";
    };
    for (const auto& g : s_.files.granted)
      if (!bare() && mount_of(g.host) == nullptr && (g.host == "/" || lies_below(g.host, "/proc") || lies_below(g.host, "/sys")))
        return refuse(g.host, "grant the folders and files that it needs");
    for (const auto& m : s_.call.session.mounts()) {
      if (taken(m.at)) return refuse(m.at, "choose another MOUNT: --workspace DIR:/work");
      if (bare() && m.at != m.host)
        return Error{Code::unsupported, "without namespaces nothing can be mounted", escape_for_terminal(m.at), "--workspace DIR, without a MOUNT"};
    }
    for (const auto& g : s_.files.granted) {
      if (g.kind != effect::Kind::file_write) continue;
      const auto* layer = layer_of(g.host);
      if (layer == nullptr || layer->use == Layer::Use::look)
        return Error{Code::unsupported, "a process can be given folders to change, not single files", escape_for_terminal(g.host),
                     "grant file.write of a folder that is there, with a / at its end"};
      const bool read = std::ranges::any_of(s_.files.granted, [&](const gate::Standing& r) {
        return r.kind == effect::Kind::file_read && (r.host == g.host || (r.reach == Reach::below && lies_below(g.host, r.host)));
      });
      if (!read)
        return Error{Code::unsupported, "a process that may change a folder also reads it", escape_for_terminal(g.host),
                     "grant file.read of it too"};
    }
    return {};
  }

  void show(const std::string& at, const std::string& source, Place::Need need) {
    v_.places.push_back({.what = What::shown, .at = at, .source = source, .need = need});
    v_.readable.push_back(bare() ? source : at);
  }

  void mask(const std::string& path) {
    if (!bare()) v_.places.push_back({.what = What::masked, .at = path});
  }

  void add_system() {
    for (const auto folder : system_folders) {
      const std::string path(folder);
      std::error_code failed;
      const auto status = fs::symlink_status(path, failed);
      if (fs::is_symlink(status)) {
        v_.places.push_back({.what = What::link, .at = path, .source = fs::read_symlink(path, failed).string()});
        v_.readable.push_back(path);
      } else if (fs::is_directory(status)) {
        show(path, path, Place::Need::must);
      }
    }
    for (const auto file : system_files)
      if (const std::string path(file); exists(path)) show(path, path, Place::Need::may);
    for (const auto device : system_devices) {
      const std::string path(device);
      if (!exists(path)) continue;
      v_.places.push_back({.what = What::device, .at = path, .source = path});
      v_.devices.push_back(path);
    }
  }

  Result<void> add_private_places() {
    const auto folder = [&](const std::string& at, std::uint32_t mode) {
      v_.places.push_back({.what = What::folder, .at = at, .mode = mode});
      v_.writable.push_back(at);
    };
    const auto text = [&](const std::string& at, std::string content) {
      v_.places.push_back({.what = What::text, .at = at, .source = std::move(content), .mode = 0644});
      v_.readable.push_back(at);
    };
    const auto link = [&](const std::string& at, const std::string& to) { v_.places.push_back({.what = What::link, .at = at, .source = to}); };
    folder("/tmp", 01777);
    folder("/dev/shm", 01777);
    folder("/run", 0755);
    folder("/home/task", 0700);
    link("/var/tmp", "/tmp");
    link("/dev/fd", "/proc/self/fd");
    link("/dev/stdin", "/proc/self/fd/0");
    link("/dev/stdout", "/proc/self/fd/1");
    link("/dev/stderr", "/proc/self/fd/2");
    text("/etc/passwd", people());
    text("/etc/group", groups());
    text("/etc/hosts", "127.0.0.1 localhost writ\n::1 localhost writ\n");
    text("/etc/hostname", "writ\n");
    text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
    text("/etc/resolv.conf", "");
    v_.listable.emplace_back("/");
    v_.readable.insert(v_.readable.end(), {"/proc", "/dev"});
    for (const auto path : masked_processes) mask(std::string(path));
    v_.home = "/home/task";
    v_.temporary = "/tmp";
    if (!s_.state.empty()) {
      v_.places.push_back({.what = What::open, .at = "/state", .source = s_.state});
      v_.writable.push_back(v_.state = "/state");
    }
    return {};
  }

  Result<void> add_private_folders() {
    for (const auto* name : {"/tmp", "/home", "/code"})
      if (::mkdir((s_.private_folder + name).c_str(), 0700) != 0)
        return system_error(errno, "cannot make a private folder", s_.private_folder + name);
    v_.temporary = s_.private_folder + "/tmp";
    v_.home = s_.private_folder + "/home";
    v_.writable.insert(v_.writable.end(), {v_.temporary, v_.home});
    if (!s_.state.empty()) v_.writable.push_back(v_.state = s_.state);
    for (const auto path : bare_processes) v_.readable.emplace_back(path);
    for (const auto* path : {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts"}) v_.readable.emplace_back(path);
    return {};
  }

  Result<void> add_grants() {
    for (const auto& g : s_.files.granted) {
      if (g.kind != effect::Kind::file_read || layer_of(g.host) != nullptr || mount_of(g.host) != nullptr || !exists(g.host)) continue;
      show(g.host, g.host, Place::Need::must);
      std::error_code failed;
      v_.meets_sockets = v_.meets_sockets || !fs::is_regular_file(g.host, failed);
      if (g.reach == Reach::below) mask(g.host + "/.writ");
    }
    return {};
  }

  Result<void> add_layers() {
    for (const auto& layer : s_.call.layers) {
      const auto at = bare() ? layer.folder : layer.at;
      const auto path = [&](const std::string& below) { return below.empty() ? at : at + "/" + below; };
      const bool change = layer.use == Layer::Use::change;
      const auto still = change ? Place::Still::no : Place::Still::yes;
      for (const auto& m : layer.mounts) v_.places.push_back({.what = What::layered, .at = path(m.at), .source = m.options, .still = still});
      if (layer.mounts.empty()) v_.places.push_back({.what = What::open, .at = at, .source = layer.folder, .still = still});
      (change ? v_.writable : v_.readable).push_back(at);
    }
    return {};
  }

  Result<void> add_code() {
    if (s_.call.code_at.empty()) return {};
    v_.code_at = s_.call.code_at;
    if (bare()) {
      v_.code_at = s_.private_folder + "/code/" + fs::path(s_.call.code_at).filename().string();
      WRIT_CHECK(replace_file(v_.code_at, as_text(s_.code), 0500));
    } else {
      v_.places.push_back({.what = What::sealed, .at = v_.code_at, .source = std::string(as_text(s_.code)), .mode = 0555});
    }
    v_.readable.push_back(v_.code_at);
    return {};
  }

  bool is_visible(const std::string& path) const {
    return std::ranges::any_of(v_.places, [&](const Place& p) {
      return (p.what == What::shown || p.what == What::layered || p.what == What::open || p.what == What::link) && lies_below(path, p.at);
    });
  }

  // A program from elsewhere: it and nothing beside it.
  void add_program() {
    if (!is_visible(s_.program)) show(s_.program, s_.program, Place::Need::must);
  }

  void find_folder() {
    const auto& wanted = s_.call.folder;
    v_.folder = v_.home;
    for (const auto& layer : s_.call.layers)
      if (lies_below(wanted, layer.at)) {
        v_.folder = (bare() ? layer.folder : layer.at) + wanted.substr(layer.at.size());
        return;
      }
  }

  // Of two for one place the later one is meant; and where a folder of the host was granted, nothing of ours stands in it.
  void drop_covered() {
    std::vector<Place> kept;
    for (std::size_t i = 0; i < v_.places.size(); ++i) {
      const Place& p = v_.places[i];
      const bool covered = std::any_of(v_.places.begin() + static_cast<std::ptrdiff_t>(i) + 1, v_.places.end(), [&](const Place& q) {
        if (q.what == What::masked) return false;
        return q.at == p.at || (q.what == What::shown && lies_below(p.at, q.at));
      });
      if (!covered || p.what == What::masked) kept.push_back(p);
    }
    v_.places = std::move(kept);
    if (bare()) v_.places.clear();
  }

  const View::Setup& s_;
  View v_;
};

}  // namespace

Result<View> View::make(const Setup& setup) { return Maker(setup).run(); }

}  // namespace writ::guest::process
