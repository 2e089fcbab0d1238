const ADJECTIVES =
  "agile amber brave bright calm clever cosmic curly daring eager fancy fluffy gentle golden happy honest jolly keen kind lively lucky mellow merry mighty nimble noble patient polite proud quick quiet rapid royal rusty shiny silent silver sleepy smart snowy spicy steady sunny swift tidy tiny vivid warm wild witty zesty".split(
    " ",
  );
const ANIMALS =
  "alpaca badger beaver bison camel cheetah cobra condor coyote crane dolphin eagle falcon ferret finch fox gecko gibbon heron hippo ibex jackal jaguar koala lemur leopard lion llama lynx magpie marmot mole moose narwhal newt ocelot orca osprey otter owl panda parrot pelican penguin puffin puma quail rabbit raven robin salmon seal shark sloth swan tapir tiger toucan turtle walrus weasel whale wolf wombat yak zebra".split(
    " ",
  );
const FIRST_YEAR = 1900;
const YEARS = 127;

/** Return a random mailbox name: `adjective_animal_year`. */
export function randomName(random: () => number = Math.random): string {
  const pick = (list: string[]) => list[Math.floor(random() * list.length)];
  return `${pick(ADJECTIVES)}_${pick(ANIMALS)}_${FIRST_YEAR + Math.floor(random() * YEARS)}`;
}
