// From the checked fields of a request to an answer that the engine draws; the same for every dialect.
#pragma once
#include <memory>
#include <optional>

#include "serve/answers/answer_format.hpp"
#include "serve/endpoints.hpp"
#include "serve/requests/format_fields.hpp"
#include "serve/requests/generation_fields.hpp"
#include "serve/requests/think_fields.hpp"
#include "serve/requests/tool_fields.hpp"

namespace r1 {

// A request in the engine's terms, and the form of its answer.
struct GenerationJob {
  CompletionRequest request;
  AnswerHeader header;
  std::unique_ptr<AnswerFormat> format;
  std::vector<std::string> functions;  // that the model may call
  bool logprobs = false;               // of the tokens of the text
  bool resumable = false;              // the answer outlives its connection
};

// The fields of a body that has OpenAI's names, with the server's defaults.
// Errors: a field that is wrong, a field that this server does not support.
ApiResult<GenerationFields> fields_of(const Serving& serving, const Json& body);

// The prompt of the conversation in a body, and what belongs to it.
struct ConversationPrompt {
  ThinkFields think;
  ToolFields tools;
  ChatPrompt prompt;
};
// `body` has OpenAI's names, and `names` are the client's.
ApiResult<ConversationPrompt> chat_prompt_of(const Serving& serving, const Json& body, const FieldNames& names = {});

// A job for the next answer of the conversation in `body`. The caller sets GenerationJob::format.
ApiResult<GenerationJob> chat_job(const Serving& serving, const HttpRequest& request, const Json& body,
                                  const GenerationFields& fields, const FieldNames& names = {});
// A job that continues `prompt`. The caller sets GenerationJob::format.
ApiResult<GenerationJob> prompt_job(const Serving& serving, const HttpRequest& request, ChatPrompt prompt,
                                    const GenerationFields& fields, const ThinkFields& think);

// Restricts the answer to what response_format, or a field like it, demands.
ApiStatus constrain(const Serving& serving, const Json& body, CompletionRequest& request, const FieldNames& names = {});

// Hands the job to the engine. Errors: those of EngineHost::submit, such as a full queue (429) or a server that shuts
// down (503); too many resumable streams (429).
EndpointResult started(const Serving& serving, GenerationJob job, Wake wake);

}  // namespace r1
