using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Api.Registry;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Registry;

/// <summary>Models whose graphs cannot be given back, as on a device that is lost.</summary>
public sealed class FaultyEndTests
{
    [Fact]
    public async Task Removal_OfAModelWhoseGraphFailsToEnd_IsDoneAndDeletesItsPackage()
    {
        var log = new LogLines();
        using var server = new ApiServer(("Serilog:MinimumLevel:Default", "Error"))
        {
            Log = log,
            Made = services =>
            {
                var made = services.Last(service => service.ServiceType == typeof(IGraphRuntime));
                services.Replace(ServiceDescriptor.Singleton<IGraphRuntime>(provider => new FaultyRuntime(
                    (IGraphRuntime)(made.ImplementationFactory?.Invoke(provider)
                        ?? ActivatorUtilities.CreateInstance(provider, made.ImplementationType!)))));
            },
        };
        TinyEncoder.WriteTo(server.PackageFolder(TinyEncoder.Model));
        using (var passed = await server.Caller().PostAsync(StipRoutes.Forward, TinyEncoder.Request(1, 4)))
        {
            Assert.True(passed.IsSuccessStatusCode);
        }

        using var removed = await server.Caller().SendAsync(
            HttpMethod.Delete, $"{StipRoutes.Models}/{TinyEncoder.Model}");

        Assert.True(removed.IsSuccessStatusCode);
        Assert.Empty(Directory.GetFileSystemEntries(server.PackageFolder("")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(server.DataDirectory, "staging")));
        var line = Assert.Single(log.All);
        Assert.Contains(nameof(InvalidOperationException), line, StringComparison.Ordinal);
        Assert.DoesNotContain(FaultyGraph.Words, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task End_OfSeveralModels_IsToldOfEachAsItEnds()
    {
        using var server = new ApiServer();
        TinyEncoder.WriteTo(server.PackageFolder(TinyEncoder.Model));
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        var models = server.Services.GetRequiredService<ModelRegistry>().All;
        var ended = new List<string>();

        await new EndingModels(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance)
            .EndAsync(models, model => ended.Add(model.Id));

        Assert.Equal(["tiny", TinyEncoder.Model], ended.Order(StringComparer.Ordinal));
    }

    private sealed class FaultyRuntime(IGraphRuntime inner) : IGraphRuntime
    {
        public string Provider => inner.Provider;

        public IDecoder LoadDecoder(DecoderSnapshot decoder) => inner.LoadDecoder(decoder);

        public IForwardGraph LoadForward(string graphPath) => new FaultyGraph(inner.LoadForward(graphPath));

        public GraphSignature Inspect(string graphPath) => inner.Inspect(graphPath);
    }

    private sealed class FaultyGraph(IForwardGraph inner) : IForwardGraph
    {
        public const string Words = "the device is lost";

        public PassOutputs Run(IReadOnlyDictionary<string, TensorPayload> inputs) => inner.Run(inputs);

        public void Dispose()
        {
            inner.Dispose();
            throw new InvalidOperationException(Words);
        }
    }
}
