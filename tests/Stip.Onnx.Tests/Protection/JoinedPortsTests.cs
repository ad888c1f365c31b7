using Stip.Keys.Permutations;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;

namespace Stip.Onnx.Tests.Protection;

/// <summary>Graphs are verified one by one, so what they give each other is compared by itself.</summary>
public sealed class JoinedPortsTests
{
    private static readonly int[] Order = [2, 0, 1];
    private static readonly PortJoin[] Joins = [new("encoder.states", "decoder.encoder_states")];

    [Theory]
    [InlineData(new[] { 2, 0, 1 }, true)]
    [InlineData(new[] { 2, 0, 1, 5, 3, 4 }, true)]
    [InlineData(new[] { 0, 1, 2 }, false)]
    [InlineData(new[] { 2, 0, 1, 3, 4, 5 }, false)]
    public void RefuseApart_OfJoinedPorts_AsksForOneOrder(int[] taken, bool isSame)
    {
        var plans = new Dictionary<string, ProtectionPlan>
        {
            ["encoder"] = ProtectionPlan.Nothing with { Outputs = Port("states", Order) },
            ["decoder"] = ProtectionPlan.Nothing with { Inputs = Port("encoder_states", taken) },
        };

        var refusal = Record.Exception(() => JoinedPorts.RefuseApart(plans, Joins));

        Assert.Equal(isSame, refusal is null);
        Assert.True(isSame || refusal is RefusedException);
    }

    [Fact]
    public void RefuseApart_OfAPortThatStays_AsksTheOtherToStay()
    {
        var plans = new Dictionary<string, ProtectionPlan>
        {
            ["encoder"] = ProtectionPlan.Nothing with { Outputs = Port("states", Order) },
            ["decoder"] = ProtectionPlan.Nothing,
        };

        var refusal = Assert.Throws<RefusedException>(() => JoinedPorts.RefuseApart(plans, Joins));

        Assert.Contains("'encoder.states' and 'decoder.encoder_states'", refusal.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, PortPlan> Port(string name, int[] targets)
    {
        var moved = Permutation.FromTargets(targets);
        return new() { [name] = new PortPlan(name, [2], moved.IsIdentity ? null : moved) };
    }
}
