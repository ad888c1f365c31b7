using Stip.EndToEnd.Kit;

[assembly: AssemblyFixture(typeof(SharedServer))]
