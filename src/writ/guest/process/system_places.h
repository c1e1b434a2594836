// What every process sees of the host, whatever it was granted: enough for programs that were installed to run, and nothing
// that says who uses the machine or what it is connected to.
#pragma once

#include <array>
#include <string_view>

namespace writ::guest::process {

// Shown where they are folders, made as links where they are links (a merged /usr).
inline constexpr std::array<std::string_view, 9> system_folders{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
                                                                "/nix/store", "/gnu/store"};

// Of /etc: how libraries are found, times and languages, certificates, and what interpreters and compilers read.
inline constexpr std::array<std::string_view, 47> system_files{
    "/etc/alternatives", "/etc/apache2/mime.types", "/etc/bash.bashrc", "/etc/ca-certificates", "/etc/ca-certificates.conf",
    "/etc/debian_version", "/etc/default/locale", "/etc/fonts", "/etc/gai.conf", "/etc/groff", "/etc/host.conf", "/etc/inputrc",
    "/etc/java-11-openjdk", "/etc/java-17-openjdk", "/etc/java-21-openjdk", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/ldap/ldap.conf", "/etc/locale.alias", "/etc/locale.gen", "/etc/localtime", "/etc/lsb-release", "/etc/magic", "/etc/magic.mime",
    "/etc/manpath.config", "/etc/maven", "/etc/mime.types", "/etc/netconfig", "/etc/networks", "/etc/os-release", "/etc/perl",
    "/etc/pki/tls", "/etc/profile", "/etc/protocols", "/etc/python3", "/etc/python3.11", "/etc/python3.12", "/etc/python3.13",
    "/etc/R", "/etc/rpc", "/etc/services", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/terminfo", "/etc/timezone", "/etc/xml"};

inline constexpr std::array<std::string_view, 5> system_devices{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

// Of a /proc of its own, what tells about the machine and not about its own processes.
inline constexpr std::array<std::string_view, 14> masked_processes{
    "/proc/1", "/proc/acpi", "/proc/config.gz", "/proc/kallsyms", "/proc/kcore", "/proc/key-users", "/proc/keys", "/proc/kmsg",
    "/proc/kpagecount", "/proc/sched_debug", "/proc/scsi", "/proc/sysrq-trigger", "/proc/timer_list", "/proc/timer_stats"};

// In the host's /proc, which tells about everybody's processes, what tells about none.
inline constexpr std::array<std::string_view, 7> bare_processes{"/proc/cpuinfo", "/proc/filesystems", "/proc/loadavg", "/proc/meminfo",
                                                                "/proc/stat",    "/proc/uptime",      "/proc/version"};

}  // namespace writ::guest::process
