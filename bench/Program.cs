using Stip.Bench.Commands;
using Stip.Bench.Scenarios;

var root = RatesCommand.Create();
root.Subcommands.Add(LatencyCommand.Create());
root.Subcommands.Add(SequenceCommand.Create());
root.Subcommands.Add(ChoicesCommand.Create());
root.Subcommands.Add(LlamaCommand.Create());
root.Subcommands.Add(BytesCommand.Create());
root.Subcommands.Add(SoakCommand.Create());
root.Subcommands.Add(PaperCommand.Create());
root.Subcommands.Add(GpuCommand.Create());
root.Subcommands.Add(ProtectCommand.Create());
root.Subcommands.Add(SpeculationCommand.Create());
root.Subcommands.Add(ClientCosts.CreateCommand());
return await root.Parse(args).InvokeAsync();
