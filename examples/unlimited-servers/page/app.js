import { startChat } from './chat.js';
import { startEcho } from './echo.js';
import { startTicker } from './ticker.js';

startChat();
startTicker();
startEcho();
