import { ask } from './answers.js';
import { Announcer } from './announcer.js';
import { Composer } from './composer.js';
import { Conversation } from './conversation.js';
import { listModels } from './models.js';
import { Settings } from './settings.js';
import { hasToken, onToken } from './token.js';
import { WirePanel } from './wire.js';

const byId = (id) => document.getElementById(id);

const settings = new Settings(byId('settings'), byId('settings-button'));
const conversation = new Conversation(byId('turns'), byId('scroll'), byId('welcome'));
const announcer = new Announcer(byId('status'));
const panel = new WirePanel(byId('wire'));
const composer = new Composer(byId('composer'), {
  onAsk: (question, images) => submit(question, images, () => composer.submit()),
  onStop: () => running?.abort(),
});
const choice = byId('model');
let models = [];
let running = null;
let starting = null;

/** Whether it is asked: else what was typed stays. Before there are models it is asked when there are. */
function submit(question, images, again) {
  if (running || !settings.check()) {
    return false;
  }

  const model = chosen();
  if (model) {
    answer(model, question, images);
  } else {
    startAgain(again);
  }

  return Boolean(model);
}

async function answer(model, question, images) {
  running = new AbortController();
  composer.setBusy(true);
  conversation.addQuestion(question, images);
  const turn = conversation.beginAnswer(model.id);
  announcer.begin();
  panel.begin();
  let [fault, tokens] = [null, null];
  try {
    const request = { model: model.id, messages: conversation.messages(settings.system), ...settings.sampling };
    for await (const part of ask(request, running.signal)) {
      if (part.text) {
        turn.append(part.text);
        announcer.add(part.text);
      }

      if (part.step) {
        panel.show(part.step);
      }

      turn.reason = part.reason ?? turn.reason;
      tokens = part.tokens ?? tokens;
    }
  } catch (error) {
    fault = running.signal.aborted ? null : error;
  }

  // Without the token nothing is told of the steps.
  const figures = panel.end();
  turn.end({
    fault,
    isStopped: running.signal.aborted,
    figures: figures.rounds > 0 ? figures : { tokens, rounds: null },
  });
  showLock();
  announcer.end(fault ? `Failed: ${fault.message}` : `${turn.summary}`);
  running = null;
  composer.setBusy(false);
  composer.focus();
}

function chosen() {
  return models.find((model) => model.id === choice.value);
}

function onModel() {
  const model = chosen();
  composer.takesImages = model?.takes_images ?? false;
  const isProtected = model?.is_protected ?? true;
  panel.isProtected = isProtected;
  const warning = byId('unprotected');
  warning.hidden = isProtected;
  warning.textContent = isProtected ? '' : `${model.id} is not protected: its server can read all that you ask.`;
  byId('promise').hidden = !isProtected;
}

function showLock() {
  byId('locked').hidden = hasToken();
}

// At most one list is on its way.
function start() {
  starting ??= load().finally(() => {
    starting = null;
  });
  return starting;
}

async function load() {
  try {
    models = (await listModels()).filter((model) => model.chats);
  } catch (error) {
    conversation.fail(`The gateway does not answer: ${error.message}`);
    return;
  } finally {
    showLock();
  }

  conversation.fail(null);
  const before = choice.value;
  choice.replaceChildren(...models.map((model) => new Option(model.id, model.id)));
  if (models.some((model) => model.id === before)) {
    choice.value = before;
  }

  if (models.length === 0) {
    conversation.fail('No model here has a chat template: this page has nobody to talk to.');
    composer.disable();
  }

  onModel();
}

async function startAgain(ask) {
  await start();
  if (chosen()) {
    ask();
  }
}

choice.addEventListener('change', onModel);
byId('new').addEventListener('click', () => {
  running?.abort();
  conversation.clear();
  panel.clear();
  composer.focus();
});
byId('starts').addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (button) {
    const ask = () => submit(button.textContent, [], ask);
    ask();
  }
});
onToken(() => {
  showLock();
  if (!chosen()) {
    start();
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    running?.abort();
  }
});
await start();
composer.focus();
