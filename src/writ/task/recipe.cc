#include "writ/task/recipe.h"

#include <cerrno>

#include "writ/proof/shorthand.h"
#include "writ/task/chunks.h"
#include "writ/task/recipe_form.h"

namespace writ::task {
namespace {

constexpr std::string_view recipes = "task.recipe", codes = "task.code", code_chunks = "task.code_chunk";

Error not_what_it_was(const Sha256& digest) {
  return {Code::corrupt, "the kept code is not what it was", digest.hex(), "run writ fsck"};
}

}  // namespace

std::string text_of(const Recipe& recipe) { return write_form(recipe); }
Result<Recipe> parse_recipe(std::string_view text) { return read_form<Recipe>(text); }

Result<void> put_recipe(store::Transaction& t, const TaskId& id, const Recipe& recipe) {
  Bytes shortened;
  proof::ShorthandWriter(shortened, id).text(text_of(recipe));
  return t.put_record(recipes, id.bytes, shortened);
}

Result<std::optional<Recipe>> find_recipe(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto shortened, view.record(recipes, id.bytes));
  if (!shortened) return std::optional<Recipe>();
  std::string text;
  WRIT_CHECK(proof::ShorthandReader(*shortened, id).text(text));
  auto recipe = parse_recipe(text);
  if (!recipe) return Error{Code::corrupt, "what is kept for a replay is malformed: " + recipe.error().what, id.hex(), "run writ fsck"};
  return std::optional(std::move(*recipe));
}

Result<bool> has_code(const store::View& view, const Sha256& digest) {
  WRIT_TRY(const auto row, view.record(codes, digest.view()));
  return row.has_value();
}

Result<void> put_code(store::Transaction& t, const Sha256& digest, BytesView code) {
  WRIT_TRY(const bool there, has_code(t, digest));
  if (there) return {};
  WRIT_CHECK(t.put_record(codes, digest.view(), as_bytes(std::to_string(code.size()))));
  return put_chunks(t, code_chunks, digest.view(), code);
}

Result<Bytes> find_code(const store::View& view, const Sha256& digest) {
  WRIT_TRY(auto code, find_chunks(view, code_chunks, digest.view()));
  if (!code) return Error{Code::unavailable, "the code was not kept", digest.hex(), "run the file again with writ run", ENOENT};
  if (sha256(*code) != digest) return not_what_it_was(digest);
  return std::move(*code);
}

}  // namespace writ::task
