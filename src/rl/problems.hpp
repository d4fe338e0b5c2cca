// The problems of a run: generated, or the rows of a file. Problem i is a function of (seed, i).
#pragma once
#include <span>
#include <string>
#include <vector>

#include "rl/curriculum.hpp"
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
  // From now on the levels of generated training problems follow the curriculum.
  void follow(const SolvedShares& solved) { train_mixture_ = mixture_by_level(mixture_, solved); }

  // The rows of a file; empty if the problems are generated.
  std::span<const Problem> rows(Split split) const { return split == Split::train ? train_ : held_out_; }
  // What a person should know about the file, a line each: rows that cannot be checked.
  const std::vector<std::string>& notes() const { return notes_; }
  // Whether one of the problems asks for a program.
  bool needs_sandbox() const;
  // A hash of the file's problems; 0 if there is no file.
  u64 fingerprint() const;

 private:
  u64 seed_ = 0;
  TaskMixture mixture_, train_mixture_;
  std::vector<Problem> train_, held_out_;  // of a file
  std::vector<std::string> notes_;
};

}  // namespace r1
