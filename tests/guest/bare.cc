#include "bare.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <cstdlib>
#include <cstring>

#include "writ/guest/wasm/elf.h"
#include "writ/guest/wasm/glue.h"
#include "writ/memory/layout.h"

namespace writ::guest::testing {
namespace {

constexpr std::uint64_t state_size = 1 << 20, memory_size = 64 << 20, stack_size = ARENA_STACK;

std::byte* arena_of(const void* p) { return reinterpret_cast<std::byte*>(reinterpret_cast<std::uint64_t>(p) & ~(ARENA_SIZE - 1)); }

// The kernels need memory and nothing else.
ArenaWord answer(ArenaWord index, const ArenaWord* arguments) {
  if (index != CALL_MEMORY_INIT || arguments[0] * ARENA_WASM_PAGE > memory_size) std::abort();
  if (mprotect(arena_of(arguments) + ARENA_MEMORY, arguments[0] * ARENA_WASM_PAGE, PROT_READ | PROT_WRITE)) std::abort();
  return arguments[0];
}

struct Entry {
  std::uint64_t function, state;
};
thread_local Entry entry;
void enter() {
  using Function = void(std::uint64_t, std::uint64_t);
  reinterpret_cast<Function*>(entry.function)(entry.state, entry.state + state_size);
}

// On the stack in the arena.
void call(std::byte* arena, std::uint64_t function) {
  entry = {function, reinterpret_cast<std::uint64_t>(arena + ARENA_STATE)};
  ucontext_t here{}, there{};
  if (getcontext(&there)) std::abort();
  there.uc_stack.ss_sp = arena + ARENA_STACK_TOP - stack_size;
  there.uc_stack.ss_size = stack_size;
  there.uc_link = &here;
  makecontext(&there, enter, 0);
  if (swapcontext(&here, &there)) std::abort();
}

}  // namespace

Bare::Bare(BytesView object) : object_(object.begin(), object.end()) {
  const auto elf = wasm::read_elf(object_);
  if (!elf) std::abort();
  code_size_ = elf->size.value();
  code_ = static_cast<std::byte*>(mmap(nullptr, code_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (const auto& part : elf->parts) std::memcpy(code_ + part.offset, part.bytes.data(), part.bytes.size());
  for (const auto& r : elf->relocations) {
    const std::uint64_t address = reinterpret_cast<std::uint64_t>(code_) + r.addend;
    std::memcpy(code_ + r.offset, &address, sizeof address);
  }
  for (const auto& part : elf->parts)
    mprotect(code_ + part.offset, part.size.value(), part.kind == fence::Segment::Kind::text ? PROT_READ | PROT_EXEC : PROT_READ);

  auto* reserved = static_cast<std::byte*>(mmap(nullptr, 2 * ARENA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  arena_ = arena_of(reserved + ARENA_SIZE - 1);
  munmap(reserved, static_cast<std::size_t>(arena_ - reserved));
  munmap(arena_ + ARENA_SIZE, static_cast<std::size_t>(reserved + ARENA_SIZE - arena_));
  mprotect(arena_, ARENA_HEADER_SIZE, PROT_READ | PROT_WRITE);
  reinterpret_cast<ArenaHeader*>(arena_)->call = answer;
  mprotect(arena_ + ARENA_STACK_TOP - stack_size, stack_size + state_size, PROT_READ | PROT_WRITE);
}

Bare::~Bare() {
  munmap(code_, code_size_);
  munmap(arena_, ARENA_SIZE);
}

std::uint64_t Bare::symbol(std::string_view name) const {
  const auto elf = wasm::read_elf(object_);
  for (const auto& s : elf->functions)
    if (s.name == name) return reinterpret_cast<std::uint64_t>(code_) + s.offset;
  std::abort();
}

void Bare::run(std::uint32_t function) {
  madvise(arena_ + ARENA_STACK_TOP - stack_size, stack_size + state_size, MADV_DONTNEED);
  madvise(arena_ + ARENA_MEMORY, memory_size, MADV_DONTNEED);
  call(arena_, symbol(wasm::instantiate_symbol));
  call(arena_, symbol(wasm::export_symbol(function)));
}

}  // namespace writ::guest::testing
