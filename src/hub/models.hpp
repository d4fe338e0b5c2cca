// The models on this machine, and what the MODEL argument of a command means.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// Finds MODEL as a user gives it. It is one of: the name of a model that ships ("nano"; ./nano always means the path);
// a path; one of the names of a pulled model. The path of a training run's folder means its newest checkpoint, that of
// a recipe's folder the model that it made. A pulled model is called ORG/NAME or NAME, followed by :QUANT or :FILE if
// the repository has several GGUFs, or by the file name of its GGUF. Letter case does not matter, and -GGUF at the end
// of NAME may be left out. Errors: no model has the name (the message names similar ones and how to pull the model);
// several have it (the message lists their full names); the model is only partly there.
Result<std::filesystem::path> find_model(std::string_view name);

struct LocalModel {
  std::string name;   // the shortest name that find_model understands
  std::string repo;   // ORG/NAME; empty for a model that ships
  std::string type;   // "folder" or "gguf"
  std::string quant;  // a GGUF's quantisation according to its name; may be empty
  i64 bytes = 0;
  std::filesystem::path path;  // a folder or a GGUF (the first file of a split one)
  std::string missing;  // the first file that an interrupted pull has not fetched; empty if the model is complete
};

// Lists the models that ship, then the models in the cache of Hugging Face's tools, including those that other tools
// fetched.
std::vector<LocalModel> local_models();

// The models in the cache whose name this is, by the rules of find_model; partly fetched ones are among them.
std::vector<LocalModel> pulled_models_named(std::string_view name);

// The model of a training run's folder: its newest checkpoint, FOLDER/checkpoints/STEP. Of a recipe's folder it is the
// finished model, FOLDER/model. Empty if the folder is a model itself or holds neither.
std::filesystem::path model_of_run(const std::filesystem::path& folder);

// The first file that a model folder lacks: config.json, or a weight file that the folder or its index should have.
// Empty if nothing is missing.
Result<std::string> missing_from_folder(const std::filesystem::path& folder);

}  // namespace r1
