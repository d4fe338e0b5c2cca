// Chat templates as a model's files store them: one default, and others by name, such as "tool_use". This file finds
// and writes their text; formats/jinja runs it.
//
// A folder stores them in one of these places; the first that exists gives the default.
//   chat_template.jinja                              the default alone: what transformers writes since 4.52
//   tokenizer_config.json: "chat_template"           a string, or a list of {"name", "template"}
//   chat_template.json: "chat_template"              the same; written by the processors of older transformers
// Files NAME.jinja in additional_chat_templates/ add named templates and replace those of the same name in a list.
// A GGUF file stores them in its metadata: tokenizer.chat_template, and tokenizer.chat_template.NAME.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/json.hpp"

namespace r1 {

inline constexpr const char* kToolTemplate = "tool_use";  // the name of the template for conversations with tools

struct StoredChatTemplates {
  std::string text;    // the default; where no template is called "default", the first
  std::string origin;  // where the default was found, for errors: "FOLDER/tokenizer_config.json: chat_template"
  std::map<std::string, std::string> named;  // all but the one that is called "default"

  bool empty() const { return origin.empty(); }  // the model has no template at all
};

// Errors: a template that is no text, larger than kTemplateBytes, or no regular file; more than kMaxTemplateFiles.
Result<StoredChatTemplates> read_chat_templates(const std::filesystem::path& folder);
Result<StoredChatTemplates> chat_templates_of(const Gguf& file);

// The value of "chat_template" in tokenizer_config.json: null, a string, or a list if there are named templates.
Json to_json(const StoredChatTemplates& templates);
// The entries of a GGUF file's metadata, named as llama.cpp's converter names them: in a template's name every
// character but letters and digits becomes '_'.
std::vector<std::pair<std::string, GgufValue>> to_gguf(const StoredChatTemplates& templates);

}  // namespace r1
