// A curriculum over the levels of generated problems: the levels of a kind are drawn in proportion to what can be
// learnt from them. If a share p of the samples of a level is right, the rewards of a group have the variance p (1 -
// p), which is 0 where a level is too hard or too easy.
#pragma once
#include <map>
#include <string>

#include "tasks/tasks.hpp"

namespace r1 {

// The running share of right samples by level, such as "product:2". A level that has not been drawn yet has no entry.
using SolvedShares = std::map<std::string, double>;

// Every level of the mixture as a part of its own. The parts of one kind share its weight in proportion to
// p (1 - p) + 1/40; p is 1/2 for a level that is not known. So every level keeps at least an eleventh of the weight of
// the best one, and the curriculum notices when it becomes learnable.
TaskMixture mixture_by_level(const TaskMixture& mixture, const SolvedShares& solved);

// Updates the share of the problem's level: it moves a tenth of the way to `right`, the share of right samples in a
// group.
void observe(SolvedShares& solved, const Problem& problem, double right);

}  // namespace r1
