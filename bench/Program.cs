using Stip.Bench.Commands;

var root = RatesCommand.Create();
root.Subcommands.Add(LatencyCommand.Create());
root.Subcommands.Add(LlamaCommand.Create());
root.Subcommands.Add(BytesCommand.Create());
root.Subcommands.Add(SoakCommand.Create());
root.Subcommands.Add(PaperCommand.Create());
root.Subcommands.Add(GpuCommand.Create());
<<<<<<< HEAD
root.Subcommands.Add(SpeculationCommand.Create());
=======
>>>>>>> f1c772c (Bench has the paper's figures, a soak, a run against llama.cpp and one for CUDA; 25M figures of a shared machine)
return await root.Parse(args).InvokeAsync();
