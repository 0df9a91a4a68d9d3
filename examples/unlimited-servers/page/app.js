import { startChat } from './chat.js';
import { startEcho } from './echo.js';
import { startSurvey } from './survey.js';
import { startTicker } from './ticker.js';

startChat();
startTicker();
startEcho();
startSurvey();
