import './edge/hooks.ts';

const { main } = await import('./main.ts');
await main(process.argv.slice(2));
