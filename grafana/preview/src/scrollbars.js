export { Scrollbars as default, Scrollbars } from 'react-custom-scrollbars-2/lib/index.js';
