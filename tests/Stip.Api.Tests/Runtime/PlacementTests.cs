using Stip.Api.Engine.Caches;
using Stip.Api.Runtime;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Runtime;

/// <summary>What is decided of a device before anything runs there.</summary>
public sealed class PlacementTests
{
    [Theory]
    [InlineData(TensorDtype.Float32, CacheLayouts.Shared, true)]
    [InlineData(TensorDtype.Float16, CacheLayouts.Shared, false)]
    [InlineData(TensorDtype.BFloat16, CacheLayouts.Shared, false)]
    [InlineData(TensorDtype.Float32, CacheLayouts.Growing, false)]
    public void Decoder_WhoseAttentionHasNoKernelThere_StaysOnTheHost(TensorDtype cache, string layout, bool stays)
    {
        using var model = new TinyModel();
        var reason = Placement.ReasonForHost(model.Snapshot with
        {
            CacheDtype = cache,
            Cache = new CacheManifest(layout, 2, 1, 16),
        });
        Assert.Equal(stays, reason is not null);
        Assert.DoesNotContain('\n', reason ?? "");
    }

    [Theory]
    [InlineData(0, 1, null)]
    [InlineData(0, 0, "no device")]
    [InlineData(100, 0, "no device")]
    [InlineData(35, 0, "driver")]
    [InlineData(999, 0, "999")]
    public void Device_ThatIsNotThere_IsTold(int code, int devices, string? told)
    {
        var reason = CudaMemory.ReasonOf(code, devices);
        Assert.Equal(told is null, reason is null);
        Assert.Contains(told ?? "", reason ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Arena_ThatWouldLeaveTheDeviceTooLittle_IsRefusedAndTakesNothing()
    {
        using var model = new TinyModel();
        var device = new HostAsDevice { FreeBytes = (512L << 20) + (1 << 20) };
        using var decoder = model.Load(device, CudaGraphs.None);
        var slot = decoder.SlotBytes(model.Snapshot.ContextLength);
        var held = device.Held;
        Assert.Throws<InsufficientMemoryException>(
            () => decoder.AllocateArena((int)((1 << 20) / slot) + 1, model.Snapshot.ContextLength));
        Assert.Equal(held, device.Held);
        using var fits = decoder.AllocateArena((int)((1 << 20) / slot), model.Snapshot.ContextLength);
        Assert.True(device.Held > held);
    }
}
