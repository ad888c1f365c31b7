using Stip.Bench.Commands;

var root = RatesCommand.Create();
root.Subcommands.Add(LatencyCommand.Create());
root.Subcommands.Add(LlamaCommand.Create());
root.Subcommands.Add(BytesCommand.Create());
root.Subcommands.Add(SoakCommand.Create());
root.Subcommands.Add(PaperCommand.Create());
root.Subcommands.Add(GpuCommand.Create());
root.Subcommands.Add(SpeculationCommand.Create());
return await root.Parse(args).InvokeAsync();
