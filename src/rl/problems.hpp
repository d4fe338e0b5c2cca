// The problems of a run: generated, or the rows of a file. Problem i is a function of (seed, i).
#pragma once
#include <vector>

#include "tasks/tasks.hpp"
#include "train/config.hpp"

namespace r1 {

class ProblemSource {
 public:
  // Errors: the mixture does not parse, the file cannot be read or has a row that cannot be checked.
  static Result<ProblemSource> open(const GrpoConfig& config);

  // Problem i of the training or the held-out problems. The rows of a file are shuffled anew in every epoch. One row in
  // kHeldOut of a file is held out if the run evaluates.
  Problem problem(Split split, i64 i) const;
  // Whether one of the problems asks for a program.
  bool needs_sandbox() const;
  // A hash of the file's problems; 0 if there is no file.
  u64 fingerprint() const;

 private:
  u64 seed_ = 0;
  TaskMixture mixture_;
  std::vector<Problem> train_, held_out_;  // of a file
};

}  // namespace r1
