// A curriculum over the levels of generated problems: the levels of a kind are drawn in proportion to what can be
// learnt from them. If a share p of the samples of a level is right, the rewards of a group have the variance p (1 -
// p), which is 0 where a level is too hard or too easy.
#pragma once
#include <map>
#include <string>

#include "tasks/tasks.hpp"

namespace r1 {

// The running share of right samples by level, such as "product:2". A level that has not been drawn is not there.
using SolvedShares = std::map<std::string, double>;

// Every level of the mixture as a part of its own. The parts of one kind share its weight in proportion to
// p (1 - p) + 1/40; p is 1/2 for a level that is not known. So a level keeps at least a share of a tenth of that of the
// best one, by which the curriculum notices when it becomes learnable.
TaskMixture mixture_by_level(const TaskMixture& mixture, const SolvedShares& solved);

// Moves the share of a problem's level a tenth of the way to the share of a group's samples that are right.
void observe(SolvedShares& solved, const Problem& problem, double right);

}  // namespace r1
