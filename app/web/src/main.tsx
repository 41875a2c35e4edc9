import { createRoot } from 'react-dom/client';
import '@fontsource-variable/inter/wght.css';
import './ui/theme.css';
import './ui/components.css';
import './ui/figures.css';
import './shell.css';
import { App } from './App';

createRoot(document.getElementById('root')!).render(<App />);
