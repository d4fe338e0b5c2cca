// The files of the chat page, which are part of the program: those of web/dist, plain and compressed
// (cmake/page.cmake).
#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "serve/http.hpp"

namespace r1 {

struct PageFile {
  std::string_view path;  // "/app.js"; the page itself is "/"
  std::string_view content_type;
  std::string_view etag;  // with its quotes
  std::string_view plain;
  std::string_view gzip;  // empty: the file is compressed by itself
};

std::span<const PageFile> page_files();

// Null if the page has no such file.
const PageFile* page_file(std::string_view path);

// The file, or status 304 if the client has it. Every answer forbids the page to run or load anything from elsewhere.
std::unique_ptr<Reply> page_reply(const PageFile& file, const HttpRequest& request);

}  // namespace r1
