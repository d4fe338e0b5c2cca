// The tables of all keys of the configuration files: one row per key, for reading, writing, comparing and --help.
#pragma once
#include <cmath>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "train/config.hpp"

namespace r1 {

// value: the text, as it is. path: made absolute, from the file's folder or (overrides) the current folder. model: a
// path or the name of a model.
enum class FieldKind : u8 { value, path, model };

template <class Config>
struct Field {
  std::string_view name, meaning;
  std::variant<std::string Config::*, i64 Config::*, double Config::*, bool Config::*> member;
  double low = -HUGE_VAL, high = HUGE_VAL;  // allowed range of a number
  FieldKind kind = FieldKind::value;
  bool bits = true;               // whether the setting affects the bits of the result
  std::string_view choices = {};  // allowed strings, "a|b"
};

const std::vector<Field<TrainConfig>>& train_fields();
const std::vector<Field<DataSource>>& data_fields();
const std::vector<Field<GrpoConfig>>& grpo_fields();
const std::vector<Field<VocabularyConfig>>& vocabulary_fields();
const std::vector<Field<SampleConfig>>& sample_fields();
const std::vector<Field<StageConfig>>& stage_fields();
const std::vector<Field<PipelineConfig>>& pipeline_fields();

}  // namespace r1
