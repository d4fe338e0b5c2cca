// Several answers to one question, of which the majority counts. The server compares them.

export interface Vote {
  content: string;
  thinking?: string;
  answer: string | null; // what was found in it; null: nothing, so it has no vote
  group: number | null; // the number of the first answer that it equals
}

export interface Votes {
  winner: number; // the answer that is the message
  cast: Vote[];
}

export interface Group {
  answer: string | null;
  members: number[]; // numbers of the answers
}

// The answers by what they say, the most frequent one first, and those without a vote last.
export function tally(votes: Votes): Group[] {
  const groups = new Map<number | null, Group>();
  votes.cast.forEach(({ answer, group }, i) => {
    const known = groups.get(group);
    if (known) known.members.push(i);
    else groups.set(group, { answer, members: [i] });
  });
  const size = ({ answer, members }: Group) => (answer === null ? 0 : members.length);
  return [...groups.values()].sort((a, b) => size(b) - size(a));
}
