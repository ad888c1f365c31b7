using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Stip.Api.Engine;
using Stip.Api.Engine.Loading;
using Stip.Api.Registry;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;

namespace Stip.Api.Tests.Engine.Loading;

/// <summary>Three models over ONNX Runtime, of which the budget holds two.</summary>
public sealed class ModelBudgetTests
{
    private const long Budget = 1 << 20;
    private static readonly string[] Models = ["one", "two", "three"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Models_UsedInTurns_AnswerAsAloneAndNeverTakeMoreThanTheBudget()
    {
        using var server = Three(budgetMegabytes: 1);
        var registry = server.Services.GetRequiredService<ModelRegistry>();
        var graphs = server.Services.GetRequiredService<LoadedGraphs>();
        var sizes = Models.ToDictionary(id => id, id => registry.Find(id)!.Decoder!.Snapshot.GraphBytes);
        Assert.All(sizes.Values, size => Assert.InRange(size, (Budget / 3) + 1, Budget / 2));
        var expected = await AloneAsync();
        var random = new Random(4);
        var used = Models.ToDictionary(id => id, _ => 0);
        for (var turn = 0; turn < 24; turn++)
        {
            var id = Models[random.Next(Models.Length)];
            server.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(expected[id], (await server.Caller().StepAsync(Prompt(id))).Row());
            used[id] = turn;
            // Those two that were used last.
            var loaded = Models.Where(model => registry.Find(model)!.Decoder!.IsLoaded).ToArray();
            Assert.Contains(id, loaded);
            Assert.InRange(loaded.Sum(model => sizes[model]), 1, Budget);
            Assert.Equal(loaded.Length, graphs.Count);
            Assert.All(loaded, model => Assert.True(
                used[model] >= used.Where(pair => !loaded.Contains(pair.Key)).Max(pair => pair.Value)));
        }
    }

    [Fact]
    public async Task Models_AskedAllAtOnce_AreAllAnsweredAndNeverTakeMoreThanTheBudget()
    {
        using var server = Three(budgetMegabytes: 1);
        var graphs = server.Services.GetRequiredService<LoadedGraphs>();
        var expected = await AloneAsync();
        var caller = server.Caller();
        var asked = Enumerable.Range(0, 30).Select(i => Models[i % Models.Length])
            .Select(async id => (id, (await caller.StepAsync(Prompt(id))).Row())).ToArray();
        var all = Task.WhenAll(asked);
        while (!all.IsCompleted)
        {
            Assert.InRange(graphs.Count, 0, 2);
            await Task.Delay(1, Cancellation);
        }

        Assert.All(await all, answer => Assert.Equal(expected[answer.id], answer.Item2));
    }

    [Fact]
    public async Task Model_WhoseStepRuns_KeepsItsPlaceAndItsSession()
    {
        using var server = Three(budgetMegabytes: 1);
        WatchedRuntime watched = null!;
        await using var held = server.WithWebHostBuilder(builder => builder.ConfigureServices(services =>
        {
            var made = services.Last(service => service.ServiceType == typeof(IGraphRuntime));
            services.Replace(ServiceDescriptor.Singleton<IGraphRuntime>(provider => watched = new WatchedRuntime(
                (IGraphRuntime)(made.ImplementationFactory?.Invoke(provider)
                    ?? ActivatorUtilities.CreateInstance(provider, made.ImplementationType!)))));
        }));
        var registry = held.Services.GetRequiredService<ModelRegistry>();
        var caller = new ApiCaller(held.CreateClient(), ApiServer.AdminKey);
        var session = await caller.StepAsync(Prompt("one"));
        watched.Hold();
        var running = caller.StepAsync(Prompt("one") with { SessionId = session.SessionId, Position = 3 });
        Assert.True(watched.Entered.Wait(Patience, Cancellation));
        // Used later than the one that runs, and idle.
        server.Clock.Advance(TimeSpan.FromSeconds(1));
        await registry.Find("two")!.Decoder!.LoadAsync();
        var other = caller.StepAsync(Prompt("three"));
        for (var start = TimeProvider.System.GetTimestamp(); !registry.Find("three")!.Decoder!.IsLoaded;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience);
            await Task.Delay(5, Cancellation);
        }

        Assert.Equal(["one", "three"], Models.Where(id => registry.Find(id)!.Decoder!.IsLoaded));
        watched.LetGo();
        Assert.Equal(6, (await running).Position);
        Assert.Equal(3, (await other).Position);
        // Its session has outlasted that.
        Assert.Equal(9, (await caller.StepAsync(
            Prompt("one") with { SessionId = session.SessionId, Position = 6 })).Position);
    }

    private static CompletionRequest Prompt(string model) => Steps.Prefill(1, 3) with { Model = model };

    private static async Task<Dictionary<string, float[]>> AloneAsync()
    {
        using var server = Three(budgetMegabytes: 0);
        var rows = new Dictionary<string, float[]>();
        foreach (var id in Models)
        {
            rows[id] = (await server.Caller().StepAsync(Prompt(id))).Row();
        }

        Assert.Equal(3, server.Services.GetRequiredService<LoadedGraphs>().Count);
        return rows;
    }

    // Tables of angles make them as large.
    private static ApiServer Three(int budgetMegabytes)
    {
        var server = new ApiServer(("Stip:Api:Engine:ModelMegabytes", $"{budgetMegabytes}"));
        for (var i = 0; i < Models.Length; i++)
        {
            new TinyDecoder(Models[i], Seed: i + 1, Length: 6000).WriteTo(server.PackageFolder(Models[i]));
        }

        return server;
    }
}
