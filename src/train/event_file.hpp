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
  // Creates the file if it does not exist. Records that hold the first rows are kept. The file is truncated behind
  // them, and the other rows are written with the time of now. So after open() the file holds every row once, whatever
  // became of it: a run whose last steps will be repeated, a file that somebody removed or damaged, or one of another
  // run.
  static Result<EventFile> open(const std::filesystem::path& path, std::span<const Json> rows);
  Status append(const Json& row);  // `row` has a "step"; its other numbers become scalars under their names
  Status sync() { return file_.sync(); }

 private:
  explicit EventFile(AppendFile file) : file_(std::move(file)) {}
  AppendFile file_;
};

u32 crc32c(std::string_view bytes);  // Castagnoli's checksum (RFC 3720, appendix B.4)

}  // namespace r1
