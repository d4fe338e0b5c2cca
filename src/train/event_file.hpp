// The figures of metrics.jsonl once more, as an event file that TensorBoard reads. The first record of the file names
// the version of the format. The record after it holds the numbers of the first line of metrics.jsonl, and so on.
// docs/training.md describes the format.
//
//   EventFile events = R1_TRY(EventFile::open(path, rows));  // of the lines that metrics.jsonl has
//   R1_TRY(events.append(row));                              // with every further line
#pragma once
#include <filesystem>
#include <span>
#include <string_view>

#include "core/file.hpp"
#include "formats/json.hpp"

namespace r1 {

class EventFile {
 public:
  // Creates the file if it does not exist, and makes it hold every row of `rows` once: keeps its records as far as they
  // equal the rows, removes all that follows, and writes the missing rows with the current time. This repairs a file
  // with steps that the run is going to repeat, a damaged or removed file, and a file of another run.
  static Result<EventFile> open(const std::filesystem::path& path, std::span<const Json> rows);
  Status append(const Json& row);  // `row` has a "step"; its other numbers become scalars under their names
  Status sync() { return file_.sync(); }

 private:
  explicit EventFile(AppendFile file) : file_(std::move(file)) {}
  AppendFile file_;
};

u32 crc32c(std::string_view bytes);  // Castagnoli's checksum (RFC 3720, appendix B.4)

}  // namespace r1
