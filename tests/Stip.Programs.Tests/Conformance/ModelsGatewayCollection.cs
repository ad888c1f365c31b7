namespace Stip.Programs.Tests.Conformance;

/// <summary>Tests that share one gateway of several models.</summary>
[CollectionDefinition(Name)]
public sealed class ModelsGatewayCollection : ICollectionFixture<ModelsGateway>
{
    public const string Name = "gateway of several models";
}
